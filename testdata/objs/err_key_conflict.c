/* key_size and key disagree (R62). */
#include "bpf_min.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__uint(key_size, 8);
	__type(key, u32);
	__type(value, u32);
} cells SEC(".maps");
