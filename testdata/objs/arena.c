/* Arena data beside the arena map (R80, R116, R121). */
// cflags: -mcpu=v4
#include "bpf_min.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARENA);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 10);
	__ulong(map_extra, 0x1ull << 44);
} arena SEC(".maps");

#define ARENA __attribute__((address_space(1)))

int ARENA counter SEC(".addr_space.1") = 4;

SEC("syscall") int counts(void *ctx)
{
	asm volatile("" ::"r"(&arena));
	return counter++;
}

LICENSE("GPL");
