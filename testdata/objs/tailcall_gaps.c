/* Slots 0, 3 and 4 of six are filled, 3 and 4 with one weak program; XDP returns
 * say which way was taken (R86, R88). */
#include "bpf_min.h"

int drop(void *ctx);
WEAK int bounce(void *ctx);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 6);
	__type(key, u32);
	__type(value, u32);
	__array(values, int(void *));
} jumps SEC(".maps") = {
	.values = { [0] = &drop, [3] = &bounce, [4] = &bounce },
};

SEC("xdp") int drop(void *ctx) { return XDP_DROP; }
SEC("xdp") WEAK int bounce(void *ctx) { return XDP_TX; }

SEC("xdp") int through_an_empty_slot(void *ctx)
{
	bpf_tail_call(ctx, &jumps, 2);
	bpf_tail_call(ctx, &jumps, 4);
	return XDP_ABORTED;
}

LICENSE("GPL");
