/* A word more than the samples loader knows; reading relaxed keeps it (T5; L14, L31). */
#include "bpf_min.h"

struct bpf_map_def { u32 type, key_size, value_size, max_entries, map_flags, inner_map_idx, numa_node, unused; };

struct bpf_map_def SEC("maps") zero = { BPF_MAP_TYPE_ARRAY, 4, 8, 1, 0, 0, 0, 0 };
struct bpf_map_def SEC("maps") also_zero = { BPF_MAP_TYPE_ARRAY, 4, 8, 1, 0, 0, 0, 0 };
