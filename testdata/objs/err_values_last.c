/* Something follows values (R69). */
#include "bpf_min.h"

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	int (*values[0])(void *);
	__uint(map_flags, 0);
} jumps SEC(".maps");
