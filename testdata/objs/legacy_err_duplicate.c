/* Two static maps of one name in two sections: a table by name cannot hold both
 * (L5). The assembler gives the second its name. */
#include "bpf_min.h"

struct bpf_map_def { u32 type, key_size, value_size, max_entries, map_flags; };

struct bpf_map_def SEC("maps") twin = { BPF_MAP_TYPE_ARRAY, 4, 8, 1, 0 };
static struct bpf_map_def SEC("maps/other") twin_too asm("twin.other") = { BPF_MAP_TYPE_ARRAY, 4, 8, 2, 0 };

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, u32);
	__type(value, u64);
} modern asm("twin.other") SEC(".maps");
