/* Three maps of one id: two are put in slots, the third is a template only; the
 * outer map's value size is 0 (T7; L53, L59). */
// cflags: -g0
#include "legacy_iproute2.h"

struct bpf_elf_map SEC("maps") zeroth = { BPF_MAP_TYPE_ARRAY, 4, 8, 4, 0, 42, 0, 0, 0 };
struct bpf_elf_map SEC("maps") first = { BPF_MAP_TYPE_ARRAY, 4, 8, 4, 0, 42, 0, 0, 1 };
struct bpf_elf_map SEC("maps") template = { BPF_MAP_TYPE_ARRAY, 4, 8, 4, 0, 42, 0, 0, -1 };
struct bpf_elf_map SEC("maps") outer = { BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 0, 4, 0, 0, 2, 42, 0 };

SEC("classifier") int looks_up(void *ctx)
{
	u32 key = 0;

	return bpf_map_lookup_elem(&outer, &key) ? 1 : 0;
}

LICENSE("GPL");
