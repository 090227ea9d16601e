/* A list head names its node type in a declaration tag; the kernel resolves it in
 * the one BTF of the object (R134, R135, C4). */
#include "bpf_min.h"

struct item {
	u64 data;
	struct bpf_list_node node;
};

struct bucket {
	struct bpf_spin_lock lock;
	struct bpf_list_head head CONTAINS(item, node);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct bucket);
} buckets SEC(".maps");

struct bucket hidden_bucket SEC(".data.lists") HIDDEN;

struct item *keeps_the_type(struct item *i) { return i; }

SEC("tc") int locks_bucket(void *ctx)
{
	u32 key = 0;
	struct bucket *b = bpf_map_lookup_elem(&buckets, &key);

	if (!b)
		return 0;
	bpf_spin_lock(&b->lock);
	bpf_spin_unlock(&b->lock);
	return 0;
}

LICENSE("GPL");
