// Twenty programs, of which one is broken.
#include "../../../testdata/objs/bpf_min.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, u32);
	__type(value, u64);
	__uint(max_entries, 16);
} counts SEC(".maps");

volatile const u32 limit = 4;
u64 total = 0;

#define GOOD(n)                                                                                     \
	SEC("socket") int good_##n(void *ctx)                                                           \
	{                                                                                               \
		u32 key = n;                                                                                \
		u64 *value = bpf_map_lookup_elem(&counts, &key);                                            \
		if (value && *value < limit)                                                                \
			total += *value;                                                                        \
		return n;                                                                                   \
	}

GOOD(0) GOOD(1) GOOD(2) GOOD(3) GOOD(4) GOOD(5) GOOD(6) GOOD(7) GOOD(8) GOOD(9)

SEC("socket") int broken(void *ctx)
{
	u32 key = 1;
	u64 *value = bpf_map_lookup_elem(&counts, &key);
	return *value;
}

GOOD(11) GOOD(12) GOOD(13) GOOD(14) GOOD(15) GOOD(16) GOOD(17) GOOD(18) GOOD(19)

LICENSE("GPL");
