/* A definition has to be a struct (R45). */
#include "bpf_min.h"

union {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
} cells SEC(".maps");
