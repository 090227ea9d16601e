/* A member set to a function that is no program (R125). */
#include "bpf_min.h"

struct tcp_congestion_ops {
	u32 (*ssthresh)(void *sk);
};

static NOINLINE u32 helper(void *sk) { return 2; }
SEC("struct_ops") u32 program(u64 *ctx) { return helper(ctx); }
SEC(".struct_ops") struct tcp_congestion_ops plain = { .ssthresh = helper };

LICENSE("GPL");
