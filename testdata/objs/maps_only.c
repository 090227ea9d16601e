/* No program, no licence: only a map whose name is longer than the kernel keeps,
 * with a dot (R6, R141). */
#include "bpf_min.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 3);
	__type(key, u32);
	__type(value, u64);
} a_name_of_more_than_fifteen_bytes SEC(".maps"), dotted asm("dotted.name") SEC(".maps");
