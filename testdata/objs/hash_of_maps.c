/* In a hash of maps the slot number is the key: slot 3 of a map for two entries
 * is right (R84, R88, R89). */
// also: clang14
#include "bpf_min.h"

struct table {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4);
	__type(key, u32);
	__type(value, u32);
} one SEC(".maps"), three SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, u32);
	__array(values, struct table);
} tables SEC(".maps") = { .values = { [1] = &one, [3] = &three } };

SEC("xdp") int pick(void *ctx)
{
	u32 key = 3;

	return bpf_map_lookup_elem(&tables, &key) ? XDP_PASS : XDP_DROP;
}

LICENSE("GPL");
