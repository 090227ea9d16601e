/* inner_map_idx names a map that does not come before the outer one (L32). */
#include "bpf_min.h"

struct bpf_map_def { u32 type, key_size, value_size, max_entries, map_flags, inner_map_idx; };

struct bpf_map_def SEC("maps") outer = { BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 3, 0, 7 };
struct bpf_map_def SEC("maps") inner = { BPF_MAP_TYPE_ARRAY, 4, 8, 5, 0, 0 };
