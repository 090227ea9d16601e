/* iproute2 4.5: id and pinning stand where others have flags (T9; I24). */
// also: clang14
#include "bpf_min.h"

struct bpf_elf_map { u32 type, size_key, size_value, max_elem, id, pinning; };

struct bpf_elf_map SEC("maps") jmp = { BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 4, 1, 1 };
struct bpf_elf_map SEC("maps") counts = { BPF_MAP_TYPE_ARRAY, 4, 8, 4, 0, 2 };

SEC("classifier") int begins(void *ctx)
{
	u32 key = 0;

	bpf_map_lookup_elem(&counts, &key);
	bpf_tail_call(ctx, &jmp, 1);
	return 0;
}

SEC("1/1") int goes_on(void *ctx) { return 1; }

LICENSE("GPL");
