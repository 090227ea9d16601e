/* DeepFlow: byte 16 holds feature bits that are no map flags (T15; F20, L99). */
#include "bpf_min.h"

struct bpf_map_def { u32 type, key_size, value_size, max_entries, feat_flags; };

struct bpf_map_def SEC("maps") __trace_map = { BPF_MAP_TYPE_HASH, 8, 16, 1024, 0x30 };
struct bpf_map_def SEC("maps") __progs_jmp_kp_map = { BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 4, 1 };

SEC("prog/tp/sys_exit") int exits(void *ctx)
{
	u64 key = 0;

	bpf_tail_call(ctx, &__progs_jmp_kp_map, 0);
	return bpf_map_lookup_elem(&__trace_map, &key) ? 1 : 0;
}

LICENSE("GPL");
