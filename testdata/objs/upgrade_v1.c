/* The older of two versions of one object, of which upgrade_v2.c is the newer:
 * what pinned maps of the one become under the other, member by member. A run of
 * entry goes through slots 0 and 1 and returns 11; 1 means that a tail call missed. */
#include "bpf_min.h"

int dispatch(void *ctx);
int leaf(void *ctx);

struct flow {
	u32 bytes;
	u32 packets;
	struct {
		u16 port;
		char name[6];
	} peer;
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
	__uint(max_entries, 4);
	__type(key, u32);
	__type(value, u32);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 4);
	__uint(key_size, sizeof(u32));
	__array(values, int(void *));
} jumps SEC(".maps") = {
	.values = {
		[0] = (void *)&dispatch,
		[1] = (void *)&leaf,
	},
};

int limit SEC(".data") = 7;
int mode SEC(".data") = 1;

SEC("socket") int leaf(void *ctx)
{
	return 11;
}

SEC("socket") int dispatch(void *ctx)
{
	u64 key = 1;
	u32 zero = 0;
	struct flow *f = bpf_map_lookup_elem(&flows, &key);

	if (f)
		f->packets++;
	bpf_map_lookup_elem(&counters, &zero);
	bpf_tail_call(ctx, &jumps, 1);
	return 1;
}

SEC("socket") int entry(void *ctx)
{
	if (limit == 0)
		return mode;
	bpf_tail_call(ctx, &jumps, 0);
	return 1;
}

LICENSE("GPL");
