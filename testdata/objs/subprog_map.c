/* Maps and globals that only a subprogram refers to (L19). A run returns 1. */
#include "bpf_min.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
} counters SEC(".maps");

int calls = 0;

static NOINLINE int count(u32 key)
{
	u32 *value = bpf_map_lookup_elem(&counters, &key);

	calls++;
	return value ? 1 : 0;
}

SEC("socket") int counts(void *ctx) { return count(0); }

LICENSE("GPL");
