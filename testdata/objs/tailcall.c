/* The program array that everybody learns from. A run of the entry program
 * returns 42 when its tail call to slot 1 is taken, 1 when it falls through
 * (R73, R86, R88). */
// also: clang14 old
#include "bpf_min.h"

int tailcall_1(void *ctx);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 2);
	__uint(key_size, sizeof(u32));
	__array(values, int(void *));
} prog_array_init SEC(".maps") = {
	.values = {
		[1] = (void *)&tailcall_1,
	},
};

SEC("socket") int tailcall_1(void *ctx)
{
	return 42;
}

SEC("socket") int entry(void *ctx)
{
	bpf_tail_call(ctx, &prog_array_init, 1);
	return 1;
}

LICENSE("GPL");
