/* The optimiser keeps one element of a static array, but its BTF still tells of
 * four: the variable is larger than its place in the DATASEC, and the kernel
 * refuses such BTF. A run returns 5. */
#include "bpf_min.h"

static u64 mostly_unused[4];

struct counter {
	struct bpf_spin_lock lock;
	u32 value;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct counter);
} needs_btf SEC(".maps");

SEC("tc") int counts(void *ctx)
{
	u32 key = 0;
	struct counter *c = bpf_map_lookup_elem(&needs_btf, &key);

	mostly_unused[1] += 5;
	if (c) {
		bpf_spin_lock(&c->lock);
		bpf_spin_unlock(&c->lock);
	}
	return mostly_unused[1];
}

LICENSE("GPL");
