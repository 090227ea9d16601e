/* Constant definitions stand in a section that is not writable (L4). */
#include "bpf_min.h"

struct bpf_map_def { u32 type, key_size, value_size, max_entries, map_flags; };

const struct bpf_map_def SEC("maps") constant = { BPF_MAP_TYPE_ARRAY, 4, 8, 4, 0 };
