/* A function of a kernel module as target, by its name alone and with the
 * module's; module nf_conntrack has to be loaded. */
#include "bpf_min.h"

SEC("fentry/nf_conntrack_in") int enters(u64 *ctx) { return ctx[0] & 0; }
SEC("fexit/nf_conntrack_in") int leaves(u64 *ctx) { return ctx[2] & 0; }
SEC("?fentry/nf_conntrack:nf_conntrack_in") int enters_module(u64 *ctx) { return 0; }

LICENSE("GPL");
