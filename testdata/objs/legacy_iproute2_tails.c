/* Numbers of tail-call sections in C's notations; one has no map (T8; L61, L62). */
#include "legacy_iproute2.h"

struct bpf_elf_map SEC("maps") jmp0 = { BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 2, 0, 0, 0, 0, 0 };
struct bpf_elf_map SEC("maps") jmp8 = { BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 4, 0, 8, 0, 0, 0 };

SEC("classifier") int begins(void *ctx)
{
	bpf_tail_call(ctx, &jmp0, 0);
	bpf_tail_call(ctx, &jmp8, 1);
	return 0;
}

SEC("0/0") int zero(void *ctx) { return 10; }
SEC("010/1") int octal(void *ctx) { return 11; }
SEC("8/2_suffix") int suffix(void *ctx) { return 12; }
SEC("8/0x3") int hex(void *ctx) { return 13; }
SEC("77/3") int nowhere(void *ctx) { return 14; }

LICENSE("GPL");
