/* The kernel samples loader's whole set: inner map by index, NUMA node, a tail
 * call by section name (T3; L10, L18, L32, L33, L36). */
// also: clang14 old
#include "bpf_min.h"

struct bpf_map_def { u32 type, key_size, value_size, max_entries, map_flags, inner_map_idx, numa_node; };

struct bpf_map_def SEC("maps") pad0 = { BPF_MAP_TYPE_ARRAY, 4, 4, 1, 0, 0, 0 };
struct bpf_map_def SEC("maps") inner = { BPF_MAP_TYPE_HASH, 4, 8, 16, 0, 0, 0 };
struct bpf_map_def SEC("maps") outer = { BPF_MAP_TYPE_HASH_OF_MAPS, 4, 0, 8, 0, 1, 0 };
struct bpf_map_def SEC("maps") numa = { BPF_MAP_TYPE_HASH, 4, 4, 8, BPF_F_NUMA_NODE, 0, 0 };
struct bpf_map_def SEC("maps") jmp = { BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 8, 0, 0, 0 };

SEC("socket") int begins(void *ctx)
{
	u32 key = 0;

	bpf_map_lookup_elem(&outer, &key);
	bpf_map_lookup_elem(&numa, &key);
	bpf_tail_call(ctx, &jmp, 0);
	return bpf_map_lookup_elem(&pad0, &key) ? 1 : 0;
}

SEC("socket/0") int goes_on(void *ctx)
{
	u32 key = 0;

	return bpf_map_lookup_elem(&inner, &key) ? 2 : 3;
}

LICENSE("GPL");
