/* Maps with hidden visibility, one of them referenced (R34, R44, C51). */
#include "bpf_min.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
} hidden_a SEC(".maps") HIDDEN, hidden_b SEC(".maps") HIDDEN;

SEC("xdp") int uses_hidden(void *ctx)
{
	u32 key = 0;

	return bpf_map_lookup_elem(&hidden_b, &key) ? XDP_PASS : XDP_DROP;
}

LICENSE("GPL");
