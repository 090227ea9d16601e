/* Key and value annotations: one that fits, two whose sizes do not (T17; L100 to
 * L102). */
// also: clang14
#include "bpf_min.h"

struct bpf_map_def { u32 type, key_size, value_size, max_entries, map_flags; };

#define BPF_ANNOTATE_KV_PAIR(name, type_key, type_val)                       \
	struct ____btf_map_##name { type_key key; type_val value; };          \
	struct ____btf_map_##name SEC(".maps." #name) ____btf_map_##name = {}

struct flow { u64 packets, bytes; };

struct bpf_map_def SEC("maps") right = { BPF_MAP_TYPE_HASH, 4, 16, 64, 0 };
BPF_ANNOTATE_KV_PAIR(right, u32, struct flow);
struct bpf_map_def SEC("maps") wrong_key = { BPF_MAP_TYPE_HASH, 4, 16, 64, 0 };
BPF_ANNOTATE_KV_PAIR(wrong_key, u64, struct flow);
struct bpf_map_def SEC("maps") wrong_value = { BPF_MAP_TYPE_ARRAY, 4, 8, 4, 0 };
BPF_ANNOTATE_KV_PAIR(wrong_value, u32, struct flow);
struct bpf_map_def SEC("maps") none = { BPF_MAP_TYPE_ARRAY, 4, 8, 4, 0 };

SEC("socket") int looks_up(void *ctx)
{
	u32 key = 0;

	bpf_map_lookup_elem(&wrong_key, &key);
	bpf_map_lookup_elem(&wrong_value, &key);
	bpf_map_lookup_elem(&none, &key);
	return bpf_map_lookup_elem(&right, &key) ? 1 : 0;
}

LICENSE("GPL");
