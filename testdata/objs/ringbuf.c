/* Ring buffers whose size is no power of two pages, typed or not, also as an
 * inner map (R76, R79, C42, C44). */
#include "bpf_min.h"

struct event { u64 when; u32 what; };

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1);
} tiny SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 12288);
	__type(value, struct event);
} three_pages SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_USER_RINGBUF);
	__uint(max_entries, 65536);
} exact SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, u32);
	__array(values, struct {
		__uint(type, BPF_MAP_TYPE_RINGBUF);
		__uint(max_entries, 5000);
	});
} rings SEC(".maps");

SEC("tp_btf/sched_switch") int emits(void *ctx)
{
	struct event *e = bpf_ringbuf_reserve(&three_pages, sizeof(*e), 0);

	if (e)
		bpf_ringbuf_discard(e, 0);
	return 0;
}

LICENSE("GPL");
