// Maps of many types, filled by a program that reads a packet.
#include "../../testdata/objs/bpf_min.h"

enum verdict { ALLOW, DENY = 7 };

struct flow {
	u32 src_addr;
	u16 src_port;
	s16 delta;
};

struct stats {
	u64 packets;
	enum verdict verdict;
	char name[8];
	u8 mac[6];
	bool seen;
	u32 low : 4, high : 4;
	union {
		u32 whole;
		u16 half;
	};
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct flow);
	__type(value, struct stats);
	__uint(max_entries, 16);
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, u32);
	__type(value, u64);
	__uint(max_entries, 2);
} counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 4);
	__uint(max_entries, 2);
} plain SEC(".maps");

volatile const u32 add = 1;
u64 total = 0;
s32 below = -3;

static long (*bpf_map_update_elem_)(void *map, const void *key, const void *value, u64 flags) = (void *)2;

struct packet_context {
	u32 data, data_end;
};

SEC("xdp") int count(struct packet_context *ctx)
{
	u32 first = 1;
	u64 *n = bpf_map_lookup_elem(&counts, &first);
	if (n)
		*n += add;
	struct flow flow = { .src_addr = 0x0a000001, .src_port = 80, .delta = -1 };
	struct stats stats = { .packets = 2, .verdict = DENY, .name = "eth0", .mac = { 1, 2, 3, 4, 5, 6 }, .seen = 1, .low = 3, .high = 12 };
	stats.whole = 0x10002;
	bpf_map_update_elem_(&flows, &flow, &stats, 0);
	total += add;
	return 2;
}

SEC("?xdp") int forgets(void *ctx)
{
	u32 first = 1;
	u64 *n = bpf_map_lookup_elem(&counts, &first);
	struct flow flow = { .src_addr = 1 };
	struct stats *s = bpf_map_lookup_elem(&flows, &flow);
	return s->packets + !!n;
}

LICENSE("GPL");
