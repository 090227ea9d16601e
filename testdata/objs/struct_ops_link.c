/* Struct_ops maps with a link, by a flavour of the type, and with optional
 * programs; two that are optional themselves (R122, R123, R126, D1). */
#include "bpf_min.h"

struct tcp_congestion_ops___ours {
	char name[16];
	u32 flags;
	u32 no_such_member; /* unknown to every kernel, and zero */
	u32 (*ssthresh)(void *sk);
	void (*cong_avoid)(void *sk, u32 ack, u32 acked);
	u32 (*undo_cwnd)(void *sk);
	void (*no_such_call)(void *sk);
};

SEC("struct_ops") u32 shared(u64 *ctx) { return 2; }
SEC("?struct_ops") void avoids(u64 *ctx) {}
SEC("struct_ops") u32 spare(u64 *ctx) { return 3; }
SEC("struct_ops.s") u32 undoes(u64 *ctx) { return 2; }
SEC("struct_ops") void never(u64 *ctx) {}

SEC(".struct_ops.link") struct tcp_congestion_ops___ours linked = {
	.name = "bpfload_ln",
	.ssthresh = (void *)shared,
	.cong_avoid = (void *)avoids,
	.undo_cwnd = (void *)undoes,
	.no_such_call = (void *)never,
};

SEC("?.struct_ops.link") struct tcp_congestion_ops___ours first = {
	.name = "bpfload_o1",
	.ssthresh = (void *)spare,
};

SEC("?.struct_ops.link") struct tcp_congestion_ops___ours second = {
	.name = "bpfload_o2",
	.ssthresh = (void *)shared,
};

LICENSE("GPL");
