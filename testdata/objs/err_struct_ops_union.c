/* Only structs can be struct_ops maps (R125). */
#include "bpf_min.h"

union tcp_congestion_ops {
	u32 key;
};

SEC("struct_ops") u32 program(u64 *ctx) { return 0; }
SEC(".struct_ops") union tcp_congestion_ops plain = { .key = 1 };

LICENSE("GPL");
