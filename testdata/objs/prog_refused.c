/* The verifier refuses this: a map value is used without a check for null. The
 * last line of the log belongs to the line with the assignment. */
// also: clang14
#include "bpf_min.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
} cells SEC(".maps");

SEC("xdp") int forgets_the_check(void *ctx)
{
	u32 key = 0;
	u64 *value = bpf_map_lookup_elem(&cells, &key);

	*value = 1;
	return XDP_PASS;
}

LICENSE("GPL");
