/* A key of type void has no size (R60). */
#include "bpf_min.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	void *key;
	__type(value, u32);
} cells SEC(".maps");
