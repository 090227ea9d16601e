/* goebpf: inner map and pin paths are pointers; the strings are no data map (T13;
 * L85 to L88). */
// also: clang14
#include "bpf_min.h"

struct bpf_map_def { u32 map_type, key_size, value_size, max_entries, map_flags; void *inner_map_def; const char *persistent_path; };

struct bpf_map_def SEC("maps") template = { BPF_MAP_TYPE_HASH, 4, 8, 16, 0, 0, "/sys/fs/bpf/one_pin" };
struct bpf_map_def SEC("maps") outer = { BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 0, 4, 0, &template, 0 };
struct bpf_map_def SEC("maps") second = { BPF_MAP_TYPE_ARRAY, 0, 8, 4, 0, 0, "/sys/fs/bpf/dir/another" };
struct bpf_map_def SEC("maps") trie = { BPF_MAP_TYPE_LPM_TRIE, 8, 8, 4, 0, 0, 0 };

SEC("xdp") int looks_up(void *ctx)
{
	u32 key = 0;
	u64 prefix = 0;

	bpf_map_lookup_elem(&outer, &key);
	bpf_map_lookup_elem(&trie, &prefix);
	return bpf_map_lookup_elem(&second, &key) ? XDP_DROP : XDP_PASS;
}

LICENSE("GPL");
