/* The array of maps that everybody learns from: one slot of three is filled, the
 * others are null pointers and stay empty (R72, R82, R88). */
// also: clang14 old
#include "bpf_min.h"

struct inner_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, int);
	__type(value, int);
} inner_map SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 3);
	__type(key, int);
	__type(value, int);
	__array(values, struct inner_map);
} outer_map SEC(".maps") = { .values = { (void *)&inner_map, 0, 0 } };

/* Returns 2 when slot 0 holds a map and slot 1 none. */
SEC("xdp") int looks_inside(void *ctx)
{
	int slot = 0, key = 0;
	void *map = bpf_map_lookup_elem(&outer_map, &slot);
	int *value;

	if (!map)
		return XDP_ABORTED;
	value = bpf_map_lookup_elem(map, &key);
	if (!value)
		return XDP_ABORTED;
	slot = 1;
	return bpf_map_lookup_elem(&outer_map, &slot) ? XDP_DROP : XDP_PASS;
}

LICENSE("GPL");
