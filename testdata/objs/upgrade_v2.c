/* The newer version of upgrade_v1.c: values have gained members, moved some and
 * made some wider; a ring buffer has grown; slot 1 is gone and slot 3 is new. A run of
 * entry goes through slots 0 and 3 and returns 22. */
#include "bpf_min.h"

int dispatch(void *ctx);
int last(void *ctx);

struct flow {
	u64 bytes;
	struct {
		u16 port;
		char name[14];
	} peer;
	u32 packets;
	u32 drops;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1 << 20);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, u64);
	__type(value, struct flow);
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 6);
	__type(key, u32);
	__type(value, u64);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 8192);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 4);
	__uint(key_size, sizeof(u32));
	__array(values, int(void *));
} jumps SEC(".maps") = {
	.values = {
		[0] = (void *)&dispatch,
		[3] = (void *)&last,
	},
};

int added SEC(".data") = 3;
int limit SEC(".data") = 9;

SEC("socket") int last(void *ctx)
{
	return 22;
}

SEC("socket") int dispatch(void *ctx)
{
	u64 key = 1;
	u32 zero = 0;
	struct flow *f = bpf_map_lookup_elem(&flows, &key);

	if (f)
		f->drops++;
	bpf_map_lookup_elem(&counters, &zero);
	bpf_tail_call(ctx, &jumps, 3);
	return 1;
}

SEC("socket") int entry(void *ctx)
{
	if (limit == 0)
		return added;
	bpf_tail_call(ctx, &jumps, 0);
	return 1;
}

LICENSE("GPL");
