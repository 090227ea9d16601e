/* Only map_extra may be an enumerator (R55, C29). */
#include "bpf_min.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__ulong(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
} cells SEC(".maps");
