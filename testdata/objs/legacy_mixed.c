/* Elements of 20, 28 and 20 bytes in one section (L9). */
// also: clang14
#include "bpf_min.h"

struct five { u32 type, key_size, value_size, max_entries, map_flags; };
struct seven { u32 type, key_size, value_size, max_entries, map_flags, inner_map_idx, numa_node; };

struct five SEC("maps") small = { BPF_MAP_TYPE_ARRAY, 4, 8, 1, 0 };
struct seven SEC("maps") large = { BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 2, 0, 0, 0 };
struct five SEC("maps") small_too = { BPF_MAP_TYPE_HASH, 4, 8, 3, 0 };
