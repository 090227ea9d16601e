/* Six words: inner_map_idx names the template by its rank in the section (S24,
 * L10, L18, L32). */
// also: clang14 old
#include "bpf_min.h"

struct bpf_map_def { u32 type, key_size, value_size, max_entries, map_flags, inner_map_idx; };

struct bpf_map_def SEC("maps") first = { BPF_MAP_TYPE_HASH, 4, 4, 1, 0, 0 };
struct bpf_map_def SEC("maps") inner = { BPF_MAP_TYPE_ARRAY, 4, 8, 5, 0, 0 };
struct bpf_map_def SEC("maps") outer = { BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 0, 3, 0, 1 };
struct bpf_map_def SEC("maps") outer_hash = { BPF_MAP_TYPE_HASH_OF_MAPS, 8, 4, 3, 0, 1 };

SEC("socket") int looks_up(void *ctx)
{
	u32 key = 0;

	return bpf_map_lookup_elem(&outer, &key) ? 1 : 0;
}

LICENSE("GPL");
