/* The oldest layout: four words. Two maps and a program that uses the second
 * (L13, S16, B16). */
// cflags: -g0
// also: clang14 old
#include "bpf_min.h"

struct bpf_map_def { u32 type, key_size, value_size, max_entries; };

struct bpf_map_def SEC("maps") counts = { BPF_MAP_TYPE_ARRAY, 4, 8, 4 };
struct bpf_map_def SEC("maps") names = { BPF_MAP_TYPE_HASH, 8, 16, 32 };

SEC("socket") int looks_up(void *ctx)
{
	u64 key = 1;

	return bpf_map_lookup_elem(&names, &key) ? 1 : 0;
}

LICENSE("GPL");
