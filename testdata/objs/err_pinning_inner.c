/* An inner definition cannot be pinned, not even with 0 (R64). */
#include "bpf_min.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, u32);
	__array(values, struct {
		__uint(type, BPF_MAP_TYPE_ARRAY);
		__uint(max_entries, 1);
		__type(key, u32);
		__type(value, u32);
		__uint(pinning, PIN_NONE);
	});
} outer SEC(".maps");
