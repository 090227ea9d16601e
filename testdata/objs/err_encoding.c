/* max_entries written as a plain number in the wrong place: an int member (R51). */
#include "bpf_min.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	int max_entries;
	__type(key, u32);
	__type(value, u32);
} cells SEC(".maps") = { .max_entries = 1 };
