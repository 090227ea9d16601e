/* A congestion control as a struct_ops map, one that is not created unless asked
 * for, and its programs (R122, R124). */
#include "bpf_min.h"

struct tcp_congestion_ops {
	u32 (*ssthresh)(void *sk);
	void (*cong_avoid)(void *sk, u32 ack, u32 acked);
	u32 (*undo_cwnd)(void *sk);
	char name[16];
};

SEC("struct_ops/ssthresh") u32 halves(u64 *ctx) { return 2; }
SEC("struct_ops/cong_avoid") void avoids(u64 *ctx) {}
SEC("struct_ops/undo_cwnd") u32 undoes(u64 *ctx) { return 2; }

SEC(".struct_ops") struct tcp_congestion_ops plain = {
	.ssthresh = (void *)halves,
	.cong_avoid = (void *)avoids,
	.undo_cwnd = (void *)undoes,
	.name = "bpfload_fx",
};

SEC("?.struct_ops.link") struct tcp_congestion_ops optional = {
	.ssthresh = (void *)halves,
	.cong_avoid = (void *)avoids,
	.undo_cwnd = (void *)undoes,
	.name = "bpfload_opt",
};

LICENSE("GPL");
