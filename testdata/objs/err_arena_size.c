/* The variables need one page more than the arena has (R117). */
// cflags: -mcpu=v4
#include "bpf_min.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARENA);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
} heap SEC(".maps");

char __attribute__((address_space(1))) pad[4097] SEC(".addr_space.1") = { 1 };

SEC("syscall") int reads(void *ctx)
{
	asm volatile("" ::"r"(&heap));
	return pad[4096];
}

LICENSE("GPL");
