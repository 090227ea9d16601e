/* Programs of which sections say where they are attached (raw_tp, iter), or only
 * to what kind of place (all others). Each counts in its element of hits, in
 * steps that show whether a link runs these programs or attach_next.c's. */
#include "bpf_min.h"

#ifndef STEP
#define STEP 1
#endif

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 8);
	__type(key, u32);
	__type(value, u64);
} hits SEC(".maps");

INLINE int count(u32 which, int verdict)
{
	u64 *n = bpf_map_lookup_elem(&hits, &which);

	if (n)
		__sync_fetch_and_add(n, STEP);
	return verdict;
}

SEC("xdp") int on_xdp(void *ctx) { return count(0, XDP_PASS); }
SEC("tc") int on_tc(void *ctx) { return count(1, -1); }
SEC("cgroup_skb/egress") int on_egress(void *ctx) { return count(2, 1); }
SEC("cgroup/connect4") int on_connect(void *ctx) { return count(3, 1); }
SEC("sk_lookup") int on_lookup(void *ctx) { return count(4, 1); }
SEC("raw_tp/sys_enter") int on_call(void *ctx) { return count(5, 0); }
SEC("iter/task") int on_task(void *ctx) { return count(6, 0); }

LICENSE("GPL");
