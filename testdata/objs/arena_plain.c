/* An arena that has no place of its own and variables of several kinds (R117 to R119). */
// cflags: -mcpu=v4
#include "bpf_min.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARENA);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 2);
} heap SEC(".maps");

#define ARENA __attribute__((address_space(1)))

int ARENA first SEC(".addr_space.1") = 0x1234;
u64 ARENA second SEC(".addr_space.1") = 5;
char ARENA pad[4096] SEC(".addr_space.1");

SEC("syscall") int adds(void *ctx)
{
	asm volatile("" ::"r"(&heap));
	second += first;
	return second;
}

LICENSE("GPL");
