/* A reference to the middle of a definition (L20). */
#include "bpf_min.h"

struct bpf_map_def { u32 type, key_size, value_size, max_entries, map_flags; };

struct bpf_map_def SEC("maps") whole = { BPF_MAP_TYPE_ARRAY, 4, 8, 1, 0 };

SEC("socket") int looks_up(void *ctx)
{
	u32 key = 0;
	void *map;

	asm("%0 = whole + 8 ll" : "=r"(map));
	return bpf_map_lookup_elem(map, &key) ? 1 : 0;
}

LICENSE("GPL");
