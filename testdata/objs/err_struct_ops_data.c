/* A pointer to data in a struct_ops variable. */
#include "bpf_min.h"

struct tcp_congestion_ops {
	u32 (*ssthresh)(void *sk);
	void *owner;
};

int owner = 1;
SEC("struct_ops") u32 program(u64 *ctx) { return owner; }
SEC(".struct_ops") struct tcp_congestion_ops plain = { .ssthresh = (void *)program, .owner = &owner };

LICENSE("GPL");
