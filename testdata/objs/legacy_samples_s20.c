/* Five words are everybody's; the section socket/3 tells the samples loader
 * (L36, L114). */
// cflags: -g0
#include "bpf_min.h"

struct bpf_map_def { u32 type, key_size, value_size, max_entries, map_flags; };

struct bpf_map_def SEC("maps") other = { BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 4, 0 };
struct bpf_map_def SEC("maps") jmp = { BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 4, 0 };

SEC("socket1") int begins(void *ctx)
{
	bpf_tail_call(ctx, &jmp, 3);
	bpf_tail_call(ctx, &other, 3);
	return 0;
}

SEC("socket/3") int goes_on(void *ctx) { return 1; }

LICENSE("GPL");
