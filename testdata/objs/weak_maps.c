/* A weak map is a map (R43, C52). */
#include "bpf_min.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
} shared SEC(".maps") WEAK;

SEC("xdp") int uses_weak(void *ctx)
{
	u32 key = 0;

	return bpf_map_lookup_elem(&shared, &key) ? XDP_PASS : XDP_DROP;
}

LICENSE("GPL");
