/* A map that another file should define (R42, C53). */
#include "bpf_min.h"

extern struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
} elsewhere __attribute__((section(".maps")));

SEC("socket") int looks_up(void *ctx)
{
	u32 key = 0;

	return bpf_map_lookup_elem(&elsewhere, &key) ? 1 : 0;
}

LICENSE("GPL");
