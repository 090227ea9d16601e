/* gobpf: pinning below a namespace; the map's name is the rest of the section's
 * (T10; L11, L70, L72). */
#include "bpf_min.h"

struct bpf_map_def { u32 type, key_size, value_size, max_entries, map_flags, pinning; char namespace[256]; };

struct bpf_map_def SEC("maps/beta") beta_sym = { BPF_MAP_TYPE_HASH, 4, 8, 16, 0, 2, "myns" };
struct bpf_map_def SEC("maps/plain") plain = { BPF_MAP_TYPE_ARRAY, 4, 8, 4, 0, 0, "" };
struct bpf_map_def SEC("maps/custom") custom = { BPF_MAP_TYPE_ARRAY, 4, 8, 4, 0, 3, "" };

SEC("kprobe/do_exit") int exits(void *ctx)
{
	u32 key = 0;

	bpf_map_lookup_elem(&beta_sym, &key);
	bpf_map_lookup_elem(&custom, &key);
	return bpf_map_lookup_elem(&plain, &key) ? 1 : 0;
}

LICENSE("GPL");
