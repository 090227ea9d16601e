/* A slot of a program array that holds a subprogram (R86, C65). */
#include "bpf_min.h"

NOINLINE int subprogram(void *ctx) { return 3; }

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 2);
	__type(key, u32);
	__array(values, int(void *));
} jumps SEC(".maps") = { .values = { &subprogram } };

SEC("socket") int entry(void *ctx) { return subprogram(ctx); }

LICENSE("GPL");
