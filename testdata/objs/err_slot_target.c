/* A slot that holds an ordinary variable (R84, C64). */
#include "bpf_min.h"

struct leaf {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
};

int variable = 1;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, u32);
	__array(values, struct leaf);
} outer SEC(".maps") = { .values = { (void *)&variable } };
