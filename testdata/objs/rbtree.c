/* A red-black tree with kernel functions that make and insert a node (R135). */
#include "bpf_min.h"

struct leaf {
	u64 rank;
	struct bpf_rb_node node;
};

struct bpf_spin_lock lock SEC(".data.tree") HIDDEN;
struct bpf_rb_root root SEC(".data.tree") HIDDEN CONTAINS(leaf, node);

extern void *bpf_obj_new_impl(u64 local_type, void *meta) KSYM;
extern int bpf_rbtree_add_impl(struct bpf_rb_root *root, struct bpf_rb_node *node,
			       bool(less)(struct bpf_rb_node *a, const struct bpf_rb_node *b),
			       void *meta, u64 offset) KSYM;

static bool is_less(struct bpf_rb_node *a, const struct bpf_rb_node *b)
{
	return ((struct leaf *)((char *)a - 8))->rank < ((const struct leaf *)((const char *)b - 8))->rank;
}

SEC("tc") int plants(void *ctx)
{
	struct leaf *l = bpf_obj_new_impl(__builtin_btf_type_id(*(struct leaf *)0, 0), 0);

	if (!l)
		return 1;
	l->rank = 5;
	bpf_spin_lock(&lock);
	bpf_rbtree_add_impl(&root, &l->node, is_less, 0, 0);
	bpf_spin_unlock(&lock);
	return 0;
}

LICENSE("GPL");
