/* Windows' first layout, without BTF: every definition begins with its size (X24, L98). */
// cflags: -g0
#include "bpf_min.h"

struct ebpf_map { u32 size, type, key_size, value_size, max_entries, inner_map_idx; };

struct ebpf_map SEC("maps") table = { 24, 2, 4, 8, 16, 0 };
