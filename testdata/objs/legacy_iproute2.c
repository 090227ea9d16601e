/* iproute2's whole set: inner map by id, pins, tail calls by section name, an
 * annotation (T6; L52, L53, L56, L57, L61, L100). */
// also: clang14
#include "legacy_iproute2.h"

struct bpf_elf_map SEC("maps") map_inner = { BPF_MAP_TYPE_ARRAY, 4, 8, 4, 0, 42, 0, 0, 1 };
struct bpf_elf_map SEC("maps") map_outer = { BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 2, 0, 0, 2, 42, 0 };
struct bpf_elf_map SEC("maps") jmp_tc = { BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 4, 0, 0x2a0, 1, 0, 0 };
struct bpf_elf_map SEC("maps") cust = { BPF_MAP_TYPE_HASH, 4, 4, 8, 0, 0, 5, 0, 0 };
struct bpf_elf_map SEC("maps") annot = { BPF_MAP_TYPE_HASH, 4, 16, 8, 0, 0, 0, 0, 0 };

struct flow { u64 packets, bytes; };
struct ____btf_map_annot { u32 key; struct flow value; };
struct ____btf_map_annot SEC(".maps.annot") ____btf_map_annot;

SEC("classifier") int begins(void *ctx)
{
	u32 key = 0;

	bpf_map_lookup_elem(&map_outer, &key);
	bpf_map_lookup_elem(&map_inner, &key);
	bpf_map_lookup_elem(&cust, &key);
	bpf_map_lookup_elem(&annot, &key);
	bpf_tail_call(ctx, &jmp_tc, 1);
	return 0;
}

SEC("0x2a0/1") int goes_on(void *ctx)
{
	bpf_tail_call(ctx, &jmp_tc, 2);
	return 1;
}

SEC("672/2") int ends(void *ctx) { return 2; }

LICENSE("GPL");
