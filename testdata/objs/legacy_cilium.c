/* Cilium: seven words, pinned in the global namespace, tail calls 2/n and 1/0xh
 * (section 5.1). */
#include "bpf_min.h"

struct bpf_elf_map { u32 type, size_key, size_value, max_elem, flags, id, pinning; };

struct bpf_elf_map SEC("maps") cilium_calls = { BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 8, 0, 2, 2 };
struct bpf_elf_map SEC("maps") cilium_policy = { BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 0x20, 0, 1, 2 };
struct bpf_elf_map SEC("maps") cilium_lxc = { BPF_MAP_TYPE_HASH, 8, 16, 64, BPF_F_NO_PREALLOC, 0, 2 };

SEC("from-container") int begins(void *ctx)
{
	u64 key = 0;

	bpf_map_lookup_elem(&cilium_lxc, &key);
	bpf_tail_call(ctx, &cilium_calls, 1);
	bpf_tail_call(ctx, &cilium_policy, 0x10);
	return 0;
}

SEC("2/1") int arp(void *ctx) { return 1; }
SEC("1/0x10") int policy(void *ctx) { return 2; }

LICENSE("GPL");
