/* iproute2 4.1 to 4.4: five words, the last an id (I20, L114). */
// cflags: -g0
// also: old
#include "bpf_min.h"

struct bpf_elf_map { u32 type, size_key, size_value, max_elem, id; };

struct bpf_elf_map SEC("maps") jmp = { BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 4, 3 };
struct bpf_elf_map SEC("maps") counts = { BPF_MAP_TYPE_ARRAY, 4, 8, 4, 0 };

SEC("classifier") int begins(void *ctx)
{
	u32 key = 0;

	bpf_map_lookup_elem(&counts, &key);
	bpf_tail_call(ctx, &jmp, 1);
	return 0;
}

SEC("3/1") int goes_on(void *ctx) { return 1; }

LICENSE("GPL");
