/* eBPF for Windows: its map types are not Linux's (T15; X32, L98). */
#include "bpf_min.h"

struct _ebpf_map_definition_in_file { u32 type, key_size, value_size, max_entries, inner_map_idx, pinning, id, inner_id; };

struct _ebpf_map_definition_in_file SEC("maps") table = { 2, 4, 8, 16, 0, 0, 1, 0 };
