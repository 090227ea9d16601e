/* Second half of legacy_linked_both.o: a definition in .maps, and a legacy one with an
 * annotation (T22, T23). */
#include "../bpf_min.h"

struct bpf_map_def { u32 type, key_size, value_size, max_entries, map_flags; };
struct flow { u64 packets, bytes; };

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, u32);
	__type(value, struct flow);
} modern SEC(".maps");

struct bpf_map_def SEC("maps") typed = { BPF_MAP_TYPE_ARRAY, 4, 16, 2, 0 };
struct ____btf_map_typed { u32 key; struct flow value; };
struct ____btf_map_typed SEC(".maps.typed") ____btf_map_typed = {};

SEC("xdp") int drops(void *ctx)
{
	u32 key = 0;

	return bpf_map_lookup_elem(&modern, &key) || !bpf_map_lookup_elem(&typed, &key) ? XDP_DROP : XDP_PASS;
}
