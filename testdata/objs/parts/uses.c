/* First half of linked.o: an outer map whose slot 1 and whose program need a map
 * that the second half defines. */
#include "../bpf_min.h"

struct leaf {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
};

extern struct leaf zulu __attribute__((section(".maps")));
extern int shared;
int adds(int a);

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, u32);
	__array(values, struct leaf);
} outer SEC(".maps") = { .values = { [1] = &zulu } };

SEC("socket") int looks_up(void *ctx)
{
	u32 key = 0;
	u32 *value = bpf_map_lookup_elem(&zulu, &key);

	return value ? adds(*value) + shared : 0;
}

LICENSE("GPL");
