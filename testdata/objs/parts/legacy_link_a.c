/* First half of legacy_linked.o: two maps (T23, L45). */
#include "../bpf_min.h"

struct bpf_map_def { u32 type, key_size, value_size, max_entries, map_flags; };

struct bpf_map_def SEC("maps") first = { BPF_MAP_TYPE_HASH, 4, 8, 16, 0 };
struct bpf_map_def SEC("maps") second = { BPF_MAP_TYPE_ARRAY, 4, 8, 16, 0 };

SEC("socket") int looks_up(void *ctx)
{
	u32 key = 0;

	return bpf_map_lookup_elem(&first, &key) || bpf_map_lookup_elem(&second, &key) ? 1 : 0;
}

LICENSE("GPL");
