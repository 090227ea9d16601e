/* A pointer to a type of this program in a map value: map and program must speak
 * of the same BTF (R135, C5). */
#include "bpf_min.h"

struct thing { u64 data; };
struct slot { struct thing KPTR *ptr; };

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct slot);
} slots SEC(".maps");

extern void *bpf_obj_new_impl(u64 local_type, void *meta) KSYM;
extern void bpf_obj_drop_impl(void *object, void *meta) KSYM;

SEC("tc") int swaps(void *ctx)
{
	u32 key = 0;
	struct slot *s = bpf_map_lookup_elem(&slots, &key);
	struct thing *t, *old;

	if (!s)
		return 1;
	t = bpf_obj_new_impl(__builtin_btf_type_id(*(struct thing *)0, 0), 0);
	if (!t)
		return 2;
	old = bpf_kptr_xchg(&s->ptr, t);
	if (old)
		bpf_obj_drop_impl(old, 0);
	return 0;
}

LICENSE("GPL");
