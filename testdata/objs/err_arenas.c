/* Two arenas, and variables that may live in either (R115). */
// cflags: -mcpu=v4
#include "bpf_min.h"

struct arena {
	__uint(type, BPF_MAP_TYPE_ARENA);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
};
struct arena one SEC(".maps");
struct arena two SEC(".maps");

int __attribute__((address_space(1))) number SEC(".addr_space.1") = 1;

SEC("syscall") int reads(void *ctx) { return number; }

LICENSE("GPL");
