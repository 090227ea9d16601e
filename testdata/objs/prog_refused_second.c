/* Of four programs the second and the third are refused: the error names the
 * second, whatever the number of workers. */
#include "bpf_min.h"

SEC("xdp") int good(void *ctx) { return XDP_PASS; }

SEC("xdp") int bad_pointer(void *ctx)
{
	return *(volatile int *)0;
}

SEC("xdp") int bad_helper(void *ctx)
{
	return bpf_timer_init(ctx, ctx, 0);
}

SEC("xdp") int also_good(void *ctx) { return XDP_DROP; }

LICENSE("GPL");
