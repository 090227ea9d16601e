/* A pointer in a member that is no values member (R83, C57). */
#include "bpf_min.h"

u32 variable;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
} cells SEC(".maps") = { .value = &variable };
