/* A hash has no values member (R70). */
#include "bpf_min.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, u32);
	__array(values, int(void *));
} cells SEC(".maps");
