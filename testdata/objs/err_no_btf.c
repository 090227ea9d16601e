/* .maps without BTF says nothing (R27). */
// cflags: -g0
#include "bpf_min.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
} cells SEC(".maps");
