/* A function that is not inlined refers to a map, from .text (T24, L19). */
#include "bpf_min.h"

struct bpf_map_def { u32 type, key_size, value_size, max_entries, map_flags; };

struct bpf_map_def SEC("maps") before = { BPF_MAP_TYPE_HASH, 4, 8, 16, 0 };
struct bpf_map_def SEC("maps") counts = { BPF_MAP_TYPE_ARRAY, 4, 8, 16, 0 };

static NOINLINE int count(u32 key)
{
	u64 *value = bpf_map_lookup_elem(&counts, &key);

	if (value)
		*value += 1;
	return value ? 1 : 0;
}

SEC("socket") int looks_up(void *ctx)
{
	u32 key = 0;

	bpf_map_lookup_elem(&before, &key);
	return count(1) + count(2);
}

LICENSE("GPL");
