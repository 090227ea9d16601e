/* An outer map whose slots are static maps: the initialisers name the section
 * symbol and keep the offset in place (R85, R88, L20). */
#include "bpf_min.h"

struct leaf {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
};

static struct leaf in1 SEC(".maps"), in2 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 3);
	__type(key, u32);
	__array(values, struct leaf);
} outer SEC(".maps") = { .values = { &in2, 0, &in1 } };
