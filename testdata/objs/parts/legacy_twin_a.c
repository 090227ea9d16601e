/* First half of legacy_err_duplicate: a static map (L5, L7). */
#include "../bpf_min.h"

struct bpf_map_def { u32 type, key_size, value_size, max_entries, map_flags; };

static struct bpf_map_def SEC("maps") twin = { BPF_MAP_TYPE_ARRAY, 4, 8, 1, 0 };

SEC("socket") int looks_up(void *ctx)
{
	u32 key = 0;

	return bpf_map_lookup_elem(&twin, &key) ? 1 : 0;
}

LICENSE("GPL");
