/* Names that C or the printed text has another use for: keywords, macros, functions
 * of clang's own; definitions of two sizes in one section (L9). What convert prints
 * keeps the names. */
// cflags: -fno-builtin
// also: clang14 old
#include "bpf_min.h"

struct short_def { u32 type, key_size, value_size, max_entries, map_flags; };
struct long_def { u32 type, key_size, value_size, max_entries, map_flags, inner_map_idx, numa_node; };
enum kind { BPF_F_RDONLY = 8, BPF_MAP_TYPE_OF_OURS = 7 };
struct entry { enum kind index; u32 SEC_, log; };

struct short_def SEC("maps") first __asm__("int") = { BPF_MAP_TYPE_HASH, 4, 12, 4, 0 };
struct ____btf_map_int { u32 key; struct entry value; };
struct ____btf_map_int SEC(".maps.int") ____btf_map_int = {};
struct long_def SEC("maps") second __asm__("BPF_MAP_TYPE_HASH") = { BPF_MAP_TYPE_ARRAY, 4, 8, 2, BPF_F_NUMA_NODE, 0, 0 };
struct long_def SEC("maps") third __asm__("SEC") = { BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 3, 0, 1, 0 };
struct short_def SEC("maps") fourth __asm__("log") = { BPF_MAP_TYPE_LRU_HASH, 4, 8, 4, BPF_F_RDONLY };
struct short_def SEC("maps") fifth __asm__("printf") = { BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 4, 0 };

SEC("socket") int begins(void *ctx)
{
	u32 key = 0;

	bpf_map_lookup_elem(&first, &key);
	bpf_map_lookup_elem(&second, &key);
	bpf_map_lookup_elem(&third, &key);
	bpf_map_lookup_elem(&fourth, &key);
	bpf_tail_call(ctx, &fifth, 1);
	return 0;
}

SEC("socket/1") int goes_on(void *ctx) __asm__("exit");
SEC("socket/1") int goes_on(void *ctx) { return 1; }

LICENSE("GPL");
