/* Calico for tc: iproute2's layout under names of its own (section 5.1). */
#include "bpf_min.h"

struct bpf_map_def_extended { u32 type, key_size, value_size, max_entries, map_flags, map_id, pinning_strategy, unused1, unused2; };

struct bpf_map_def_extended SEC("maps") cali_jump = { BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 8, 0, 1, 1, 0, 0 };
struct bpf_map_def_extended SEC("maps") cali_v4_ct = { BPF_MAP_TYPE_HASH, 16, 64, 512, BPF_F_NO_PREALLOC, 0, 2, 0, 0 };

SEC("classifier") int begins(void *ctx)
{
	u64 key[2] = { 1 };

	bpf_map_lookup_elem(&cali_v4_ct, &key);
	bpf_tail_call(ctx, &cali_jump, 0);
	return 0;
}

SEC("1/0") int goes_on(void *ctx) { return 1; }

LICENSE("GPL");
