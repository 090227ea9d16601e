/* The same without BTF: known by its size, a multiple of its neighbour's (L22). */
// cflags: -g0
#include "bpf_min.h"

struct bpf_map_def { u32 type, key_size, value_size, max_entries, map_flags; };

struct bpf_map_def SEC("maps") single = { BPF_MAP_TYPE_ARRAY, 4, 8, 1, 0 };
struct bpf_map_def SEC("maps") triple[3] = { { BPF_MAP_TYPE_ARRAY, 4, 8, 2, 0 } };
