/* aya before April 2022: a section per map. Without BTF a 1 at byte 24 can only be
 * aya's, as iproute2 reads no sections but "maps" (A1, L80); the other map has the same
 * author. */
// cflags: -g0
// also: old
#include "bpf_min.h"

struct bpf_map_def { u32 type, key_size, value_size, max_entries, map_flags, id, pinning; };

struct bpf_map_def SEC("maps/BLOCKLIST") BLOCKLIST = { BPF_MAP_TYPE_HASH, 4, 4, 1024, 0, 0, 0 };
struct bpf_map_def SEC("maps/PINNED") PINNED = { BPF_MAP_TYPE_ARRAY, 4, 8, 4, 0, 0, 1 };

SEC("xdp/firewall") int firewall(void *ctx)
{
	u32 key = 0;

	bpf_map_lookup_elem(&PINNED, &key);
	return bpf_map_lookup_elem(&BLOCKLIST, &key) ? XDP_DROP : XDP_PASS;
}

LICENSE("GPL");
