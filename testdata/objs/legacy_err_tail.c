/* Bytes that no layout of 44 bytes explains, and they are not zero (L14). */
#include "bpf_min.h"

struct bpf_map_def { u32 type, key_size, value_size, max_entries, map_flags, unknown[6]; };

struct bpf_map_def SEC("maps") strange = { BPF_MAP_TYPE_ARRAY, 4, 8, 1, 0, { 0, 0, 0, 0, 0, 0xbeef } };
