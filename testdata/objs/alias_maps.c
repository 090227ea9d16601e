/* Two further names of one map: a C alias, and one that the assembler makes and
 * a program uses (R49, R85, C55). */
#include "bpf_min.h"

struct cells {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
};

struct cells before SEC(".maps");
struct cells real SEC(".maps");
extern struct cells other_name __attribute__((alias("real")));
asm(".globl third_name; .set third_name, real");
extern struct cells third_name;

SEC("xdp") int uses_alias(void *ctx)
{
	u32 key = 0;

	if (!bpf_map_lookup_elem(&other_name, &key))
		return XDP_ABORTED;
	return bpf_map_lookup_elem(&third_name, &key) ? XDP_PASS : XDP_DROP;
}

LICENSE("GPL");
