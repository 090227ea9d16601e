/* A member that nobody knows: max_entires instead of max_entries (R57). */
// also: clang14
#include "bpf_min.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entires, 1);
	__type(key, u32);
	__type(value, u32);
} cells SEC(".maps");
