/* A map of maps without an inner definition (R75, D7). */
#include "bpf_min.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
} outer SEC(".maps");
