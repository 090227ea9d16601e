/* Kernel functions of a module (nf_conntrack), called through the array of BTF
 * descriptors, beside one of the kernel itself; the weak one is of a module that is
 * not loaded (nf_nat), or of a later kernel. */
#include "bpf_min.h"

struct __sk_buff { u32 len; };
struct bpf_sock_tuple { u32 saddr, daddr; u16 sport, dport; };
struct bpf_ct_opts { s32 netns_id, error; u8 l4proto, dir, reserved[2]; };
struct nf_conn { u64 status; };

extern struct nf_conn *bpf_skb_ct_lookup(struct __sk_buff *skb, struct bpf_sock_tuple *tuple, u32 size, struct bpf_ct_opts *opts, u32 opts_size) KSYM;
extern void bpf_ct_release(struct nf_conn *ct) KSYM;
extern int bpf_ct_there_is_no_such_function(struct nf_conn *ct) WEAK KSYM;

SEC("tc") int looks_up(struct __sk_buff *ctx)
{
	struct bpf_sock_tuple tuple = {.saddr = 1, .daddr = 2, .sport = 3, .dport = 4};
	struct bpf_ct_opts opts = {.netns_id = -1, .l4proto = 6};
	struct nf_conn *ct = bpf_skb_ct_lookup(ctx, &tuple, sizeof(tuple), &opts, sizeof(opts));

	if (!ct)
		return opts.error;
	if (bpf_ct_there_is_no_such_function)
		bpf_ct_there_is_no_such_function(ct);
	bpf_ct_release(ct);
	return 1;
}

LICENSE("GPL");
