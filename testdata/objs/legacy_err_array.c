/* A C array of definitions cannot be loaded: clang adds to the map pointer (L22). */
#include "bpf_min.h"

struct bpf_map_def { u32 type, key_size, value_size, max_entries, map_flags; };

struct bpf_map_def SEC("maps") single = { BPF_MAP_TYPE_ARRAY, 4, 8, 1, 0 };
struct bpf_map_def SEC("maps") pair[2] = {
	{ BPF_MAP_TYPE_ARRAY, 4, 8, 2, 0 },
	{ BPF_MAP_TYPE_ARRAY, 4, 8, 3, 0 },
};

SEC("socket") int looks_up(void *ctx)
{
	u32 key = 0;

	return bpf_map_lookup_elem(&pair[1], &key) ? 1 : 0;
}

LICENSE("GPL");
