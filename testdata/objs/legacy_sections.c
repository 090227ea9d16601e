/* Definitions in maps, maps/one and maps/two, beside one in .maps; sections of
 * similar names are no definitions (L3, L5, L11). */
#include "bpf_min.h"

struct bpf_map_def { u32 type, key_size, value_size, max_entries, map_flags; };

struct bpf_map_def SEC("maps") plain = { BPF_MAP_TYPE_ARRAY, 4, 8, 1, 0 };
struct bpf_map_def SEC("maps/one") in_one = { BPF_MAP_TYPE_ARRAY, 4, 8, 2, 0 };
struct bpf_map_def SEC("maps/two") in_two = { BPF_MAP_TYPE_HASH, 4, 8, 3, 0 };
u32 SEC("maps.ext") not_a_map = 5;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, u32);
	__type(value, u64);
} modern SEC(".maps");

SEC("socket") int looks_up(void *ctx)
{
	u32 key = 0;

	if (bpf_map_lookup_elem(&in_two, &key))
		return 1;
	return bpf_map_lookup_elem(&in_one, &key) && bpf_map_lookup_elem(&modern, &key) ? 2 : 3;
}

LICENSE("GPL");
