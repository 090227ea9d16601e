/* katran: inner_map_idx counts prototypes that the host has. The bytes are the
 * samples loader's, for which index 0 is the map itself: only the flag helps (A5). */
#include "bpf_min.h"

struct bpf_map_def { u32 type, key_size, value_size, max_entries, map_flags, inner_map_idx, numa_node; };

struct bpf_map_def SEC("maps") vips = { BPF_MAP_TYPE_HASH_OF_MAPS, 8, 4, 512, 0, 0, 0 };
struct bpf_map_def SEC("maps") prototype = { BPF_MAP_TYPE_LRU_HASH, 4, 8, 16, 0, 0, 0 };

SEC("xdp-balancer") int balances(void *ctx)
{
	u64 key = 0;

	return bpf_map_lookup_elem(&vips, &key) ? XDP_DROP : XDP_PASS;
}

LICENSE("GPL");
