/* Variables for an arena that is not there, and that nothing refers to (R116). */
// cflags: -mcpu=v4
#include "bpf_min.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, u32);
	__type(value, u32);
	__uint(max_entries, 1);
} plain SEC(".maps");

int __attribute__((address_space(1))) number SEC(".addr_space.1") = 1;

SEC("syscall") int nothing(void *ctx) { return 0; }

LICENSE("GPL");
