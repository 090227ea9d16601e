/* Programs of sockets and packets that are attached by --attach-to: to a map of
 * sockets, and to a hook of netfilter. Each counts in its element of hits. */
#include "bpf_min.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, u32);
	__type(value, u64);
} hits SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_SOCKMAP);
	__uint(max_entries, 2);
	__type(key, u32);
	__type(value, u32);
} sockets SEC(".maps");

INLINE int count(u32 which)
{
	u64 *n = bpf_map_lookup_elem(&hits, &which);

	if (n)
		__sync_fetch_and_add(n, 1);
	return 1; /* SK_PASS, NF_ACCEPT */
}

SEC("sk_skb/stream_verdict") int on_stream(void *ctx) { return count(0); }
SEC("sk_msg") int on_msg(void *ctx) { return count(1); }
SEC("netfilter") int on_output(void *ctx) { return count(2); }

LICENSE("GPL");
