/* Perf event arrays: no sizes, no entries, a typed value of another size (R78,
 * R79, C45, C46). */
// also: clang14
#include "bpf_min.h"

struct event { u64 when; u32 what; char name[16]; };

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
} bare SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__type(key, int);
	__type(value, struct event);
} typed SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 4);
	__uint(max_entries, 128);
} many SEC(".maps");

SEC("xdp") int emits(void *ctx)
{
	struct event e = {};

	bpf_perf_event_output(ctx, &typed, 0xffffffffULL, &e, sizeof(e));
	return XDP_PASS;
}

LICENSE("GPL");
