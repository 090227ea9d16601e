// A program that loads only for some values of its constants, and an untyped one.
#include "../../../testdata/objs/bpf_min.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, u32);
	__type(value, u64);
	__uint(max_entries, 4);
} slots SEC(".maps");

volatile const u32 mode = 0;
volatile const bool debug = 0;

SEC("xdp") int pass(void *ctx)
{
	u32 key = 0;
	u64 *value = bpf_map_lookup_elem(&slots, &key);
	if (mode == 2 && debug)
		return *value; // no check
	return 2;
}

SEC("?nothing") int untyped(void *ctx)
{
	return 0;
}

LICENSE("GPL");
