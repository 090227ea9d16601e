/* As the verifier PREVAIL reads the samples layout: one section per map, the inner
 * index counts the definitions of all of them, and may name a later one (L32; only
 * when reading relaxed). */
#include "bpf_min.h"

struct ebpf_map { u32 type, key_size, value_size, max_entries, map_flags, inner_map_idx, numa_node; };

struct ebpf_map SEC("maps/outer") outer = { BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 1, 0, 1, 0 };
struct ebpf_map SEC("maps/inner") inner = { BPF_MAP_TYPE_ARRAY, 4, 8, 1, 0, 0, 0 };

SEC("socket") int looks_up(void *ctx)
{
	u32 key = 0;
	void *in = bpf_map_lookup_elem(&outer, &key);

	return in && bpf_map_lookup_elem(in, &key) ? 1 : bpf_map_lookup_elem(&inner, &key) ? 2 : 3;
}

LICENSE("GPL");
