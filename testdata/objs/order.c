/* Maps stand in the section as outer, inner, a, b: the outer one before the map
 * that fills it, since clang is told the type of inner only after it has laid
 * out outer. Definition order is the order of offsets (R2, R3, R88, D4). */
// also: clang14 old
#include "bpf_min.h"

struct inner_def {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
};

extern char place_of_inner[] asm("inner");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, u32);
	__array(values, struct inner_def);
} outer SEC(".maps") = { .values = { [1] = (void *)place_of_inner } };

struct inner_def inner SEC(".maps") = {};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, u32);
	__type(value, u64);
} a SEC(".maps"), b SEC(".maps");

/* Returns 2 when slot 1 is filled, slot 0 is not, and both hashes are empty. */
SEC("xdp") int uses_all(void *ctx)
{
	u32 key = 1;

	if (!bpf_map_lookup_elem(&outer, &key))
		return XDP_ABORTED;
	key = 0;
	if (bpf_map_lookup_elem(&outer, &key) || !bpf_map_lookup_elem(&inner, &key))
		return XDP_ABORTED;
	if (bpf_map_lookup_elem(&a, &key))
		return XDP_DROP;
	return bpf_map_lookup_elem(&b, &key) ? XDP_TX : XDP_PASS;
}

LICENSE("GPL");
