/* Two arenas and no variables: it is clear what is meant (R115). */
#include "bpf_min.h"

struct arena {
	__uint(type, BPF_MAP_TYPE_ARENA);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
};
struct arena one SEC(".maps");
struct arena two SEC(".maps");

SEC("syscall") int nothing(void *ctx) { return 0; }

LICENSE("GPL");
