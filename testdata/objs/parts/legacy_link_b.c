/* Second half of legacy_linked.o: one map (T23, L45). */
#include "../bpf_min.h"

struct bpf_map_def { u32 type, key_size, value_size, max_entries, map_flags; };

struct bpf_map_def SEC("maps") third = { BPF_MAP_TYPE_ARRAY, 4, 16, 2, 0 };

SEC("xdp") int looks_up_too(void *ctx)
{
	u32 key = 0;

	return bpf_map_lookup_elem(&third, &key) ? XDP_DROP : XDP_PASS;
}
