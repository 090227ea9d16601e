/* Replaces the function of freplace_target.c, and traces its program. */
#include "bpf_min.h"

SEC("freplace/replaceable") int replacement(u32 number) { return number ? 7 : 0; }
SEC("?fentry/passes") int entered(u64 *ctx) { return 0; }

LICENSE("GPL");
