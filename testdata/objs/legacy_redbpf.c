/* redbpf: libbpf's five words in a section per map, the types in maps.ext (T16;
 * L84, L100). */
#include "bpf_min.h"

struct bpf_map_def { u32 type, key_size, value_size, max_entries, map_flags; };

struct bpf_map_def SEC("maps/counts") COUNTS = { BPF_MAP_TYPE_HASH, 4, 16, 64, 0 };

struct flow { u64 packets, bytes; };
struct ____btf_map_counts { u32 key; struct flow value; };
struct ____btf_map_counts SEC("maps.ext") MAP_BTF_counts;

SEC("xdp/counter") int counts(void *ctx)
{
	u32 key = 0;

	return bpf_map_lookup_elem(&COUNTS, &key) ? XDP_DROP : XDP_PASS;
}

LICENSE("GPL");
