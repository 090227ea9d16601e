/* Function pointers: a callback of bpf_for_each_map_elem and one of bpf_loop. A
 * run returns 3 + 4. */
#include "bpf_min.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 3);
	__type(key, u32);
	__type(value, u64);
} cells SEC(".maps");

static long each(void *map, u32 *key, u64 *value, u32 *sum)
{
	*sum += 1;
	return 0;
}

static long round(u32 index, u32 *sum)
{
	*sum += 1;
	return 0;
}

SEC("socket") int loops(void *ctx)
{
	u32 sum = 0;

	bpf_for_each_map_elem(&cells, each, &sum, 0);
	bpf_loop(4, round, &sum, 0);
	return sum;
}

LICENSE("GPL");
