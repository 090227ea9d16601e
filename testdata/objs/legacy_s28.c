/* Seven words, with numa_node, which counts only with its flag (S28, L33). */
// also: clang14 old
#include "bpf_min.h"

struct bpf_map_def { u32 type, key_size, value_size, max_entries, map_flags, inner_map_idx, numa_node; };

struct bpf_map_def SEC("maps") inner = { BPF_MAP_TYPE_HASH, 4, 8, 5, BPF_F_NUMA_NODE, 0, 0 };
struct bpf_map_def SEC("maps") outer = { BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 3, 0, 0, 0 };
struct bpf_map_def SEC("maps") stray_node = { BPF_MAP_TYPE_ARRAY, 4, 8, 5, 0, 0, 1 };
