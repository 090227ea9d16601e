/* A character that the kernel refuses in a name: it stays in the table (D13, C13). */
#include "bpf_min.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
} cells asm("money$") SEC(".maps");
