/* DataDog: template and outer map in one section, index 0 is the template (T12;
 * L75). */
// also: old
#include "bpf_min.h"

struct bpf_map_def { u32 type, key_size, value_size, max_entries, map_flags, inner_map_idx, pinning; char namespace[256]; };

struct bpf_map_def SEC("maps/other") other = { BPF_MAP_TYPE_ARRAY, 4, 8, 4, 0, 0, 0, "" };
struct bpf_map_def SEC("maps/router") template = { BPF_MAP_TYPE_HASH, 4, 8, 16, 0, 0, 0, "" };
struct bpf_map_def SEC("maps/router") outer = { BPF_MAP_TYPE_HASH_OF_MAPS, 4, 4, 8, 0, 0, 0, "" };

SEC("kprobe/do_exit") int exits(void *ctx)
{
	u32 key = 0;

	bpf_map_lookup_elem(&outer, &key);
	return bpf_map_lookup_elem(&other, &key) ? 1 : 0;
}

LICENSE("GPL");
