/* Two enumerators do not say which one is meant (R53, C30). */
#include "bpf_min.h"

struct {
	__uint(type, BPF_MAP_TYPE_BLOOM_FILTER);
	__uint(max_entries, 10);
	__type(value, u32);
	enum { FEW = 2, MANY = 5 } map_extra;
} filter SEC(".maps");
