/* A map value with a spin lock needs its BTF, and so does the program (R134, D6). */
// also: clang14
#include "bpf_min.h"

struct counter {
	struct bpf_spin_lock lock;
	u32 pad;
	u64 packets;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct counter);
} counters SEC(".maps");

SEC("tc") int counts(void *ctx)
{
	u32 key = 0;
	struct counter *c = bpf_map_lookup_elem(&counters, &key);

	if (!c)
		return 0;
	bpf_spin_lock(&c->lock);
	c->packets++;
	bpf_spin_unlock(&c->lock);
	return 0;
}

LICENSE("GPL");
