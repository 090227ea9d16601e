/* The last of eight words is 1 in one map (T5; L14, L31). */
// cflags: -g0
#include "bpf_min.h"

struct bpf_map_def { u32 type, key_size, value_size, max_entries, map_flags, inner_map_idx, numa_node, later; };

struct bpf_map_def SEC("maps") zero = { BPF_MAP_TYPE_ARRAY, 4, 8, 1, 0, 0, 0, 0 };
struct bpf_map_def SEC("maps") one = { BPF_MAP_TYPE_ARRAY, 4, 8, 1, 0, 0, 0, 1 };
