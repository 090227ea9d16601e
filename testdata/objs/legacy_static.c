/* Static definitions: the program refers to the section symbol, the offset is in
 * the instruction (L7, L20). */
// also: clang14
#include "bpf_min.h"

struct bpf_map_def { u32 type, key_size, value_size, max_entries, map_flags; };

static struct bpf_map_def SEC("maps") first = { BPF_MAP_TYPE_HASH, 4, 8, 1, 0 };
static struct bpf_map_def SEC("maps") second = { BPF_MAP_TYPE_ARRAY, 4, 8, 2, 0 };
struct bpf_map_def SEC("maps") global = { BPF_MAP_TYPE_ARRAY, 4, 8, 3, 0 };

SEC("socket") int looks_up(void *ctx)
{
	u32 key = 1;

	if (bpf_map_lookup_elem(&first, &key) || !bpf_map_lookup_elem(&global, &key))
		return 0;
	return bpf_map_lookup_elem(&second, &key) ? 1 : 2;
}

LICENSE("GPL");
