/* Calico for bpftool: six words, the last an id (A3). */
// cflags: -g0
#include "bpf_min.h"

struct bpf_map_def_extended { u32 type, key_size, value_size, max_entries, map_flags, map_id; };

struct bpf_map_def_extended SEC("maps") cali_jump = { BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 8, 0, 1 };
struct bpf_map_def_extended SEC("maps") cali_state = { BPF_MAP_TYPE_PERCPU_ARRAY, 4, 64, 1, 0, 0 };

SEC("classifier") int begins(void *ctx)
{
	u32 key = 0;

	bpf_map_lookup_elem(&cali_state, &key);
	bpf_tail_call(ctx, &cali_jump, 0);
	return 0;
}

SEC("1/0") int goes_on(void *ctx) { return 1; }

LICENSE("GPL");
