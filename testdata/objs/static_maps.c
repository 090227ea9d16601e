/* Maps with internal linkage. Programs refer to them through the section symbol
 * and an addend (R41, L20, C49, C50). */
// also: clang14
#include "bpf_min.h"

static struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
} first SEC(".maps"), second SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
} global SEC(".maps");

SEC("xdp") int uses_statics(void *ctx)
{
	u32 key = 0;
	u64 *value = bpf_map_lookup_elem(&second, &key);

	if (value)
		*value = 2;
	value = bpf_map_lookup_elem(&first, &key);
	if (value)
		*value = 1;
	return bpf_map_lookup_elem(&global, &key) ? XDP_DROP : XDP_PASS;
}

LICENSE("GPL");
