/* One map asks for alignment 16, so that the section is aligned to 16; slots are
 * still 8 bytes apart (R88, C58). */
#include "bpf_min.h"

struct leaf {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
} in1 SEC(".maps"), in2 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 4);
	__type(key, u32);
	__array(values, struct leaf);
} outer SEC(".maps") __attribute__((aligned(16))) = { .values = { &in1, &in2, &in2, &in1 } };
