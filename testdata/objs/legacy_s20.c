/* Five words, with map_flags: the layout of libbpf up to 0.8 (S20, B20). */
// also: clang14 old
#include "bpf_min.h"

struct bpf_map_def { u32 type, key_size, value_size, max_entries, map_flags; };

struct bpf_map_def SEC("maps") plain = { BPF_MAP_TYPE_ARRAY, 4, 8, 4, 0 };
struct bpf_map_def SEC("maps") lazy = { BPF_MAP_TYPE_HASH, 4, 8, 32, BPF_F_NO_PREALLOC };
struct bpf_map_def SEC("maps") events = { BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 0, 0 };

SEC("xdp") int emits(void *ctx)
{
	u32 key = 3;
	void *value = bpf_map_lookup_elem(&lazy, &key);

	bpf_perf_event_output(ctx, &events, 0xffffffffULL, &key, sizeof(key));
	return value || !bpf_map_lookup_elem(&plain, &key) ? XDP_DROP : XDP_PASS;
}

LICENSE("GPL");
