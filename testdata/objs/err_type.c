/* No type (R65). */
#include "bpf_min.h"

struct {
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
} cells SEC(".maps");
