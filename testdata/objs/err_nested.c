/* Maps of maps nest only once (R68). */
#include "bpf_min.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, u32);
	__array(values, struct {
		__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
		__uint(max_entries, 1);
		__type(key, u32);
		__array(values, struct { __uint(type, BPF_MAP_TYPE_ARRAY); });
	});
} outer SEC(".maps");
