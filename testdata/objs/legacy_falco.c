/* The Falco probe: sizes of 0 that the host fills in, program types by prefix
 * (L17, section 3). */
#include "bpf_min.h"

struct bpf_map_def { u32 type, key_size, value_size, max_entries, map_flags, inner_map_idx, numa_node; };

struct bpf_map_def SEC("maps") perf_map = { BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 0, 0, 0, 0 };
struct bpf_map_def SEC("maps") tail_map = { BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 16, 0, 0, 0 };
struct bpf_map_def SEC("maps") frame_scratch_map = { BPF_MAP_TYPE_ARRAY, 4, 64, 0, 0, 0, 0 };

SEC("raw_tracepoint/sys_enter") int enters(void *ctx)
{
	u32 key = 0;

	bpf_perf_event_output(ctx, &perf_map, 0xffffffffULL, &key, sizeof(key));
	bpf_tail_call(ctx, &tail_map, 1);
	return bpf_map_lookup_elem(&frame_scratch_map, &key) ? 1 : 0;
}

LICENSE("GPL");
