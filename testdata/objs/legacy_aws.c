/* AWS eBPF SDK: pinning at byte 20 (T15; W28, L97). */
#include "bpf_min.h"

struct bpf_map_def_pvt { u32 type, key_size, value_size, max_entries, map_flags, pinning, inner_map_fd; };

struct bpf_map_def_pvt SEC("maps") ingress_map = { BPF_MAP_TYPE_LPM_TRIE, 8, 16, 64, BPF_F_NO_PREALLOC, 2, 0 };
struct bpf_map_def_pvt SEC("maps") scratch = { BPF_MAP_TYPE_ARRAY, 4, 8, 1, 0, 0, 0 };

SEC("tc_cls") int filters(void *ctx)
{
	u64 key = 0;
	u32 zero = 0;

	return bpf_map_lookup_elem(&ingress_map, &key) && bpf_map_lookup_elem(&scratch, &zero) ? 1 : 0;
}

LICENSE("GPL");
