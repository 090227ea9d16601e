/* Two names of one definition; the global one is the first (L8). */
#include "bpf_min.h"

struct bpf_map_def { u32 type, key_size, value_size, max_entries, map_flags; };

struct bpf_map_def SEC("maps") before = { BPF_MAP_TYPE_HASH, 4, 8, 1, 0 };
struct bpf_map_def SEC("maps") real = { BPF_MAP_TYPE_ARRAY, 4, 8, 2, 0 };
asm(".weak other; .set other, real");
extern struct bpf_map_def other;

SEC("socket") int looks_up(void *ctx)
{
	u32 key = 1;

	return bpf_map_lookup_elem(&other, &key) ? 1 : 0;
}

LICENSE("GPL");
