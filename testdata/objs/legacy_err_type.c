/* Type 0 is no map type (L16). */
#include "bpf_min.h"

struct bpf_map_def { u32 type, key_size, value_size, max_entries, map_flags; };

struct bpf_map_def SEC("maps") fine = { BPF_MAP_TYPE_ARRAY, 4, 8, 1, 0 };
struct bpf_map_def SEC("maps") untyped = { 0, 4, 8, 1, 0 };
