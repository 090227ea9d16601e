/* Maps of maps before what is inside them, templates that are pinned or static,
 * aliases, and programs that use the maps in another order, with prototypes of their
 * own (L7, L8, L10, L53, L61). */
// also: clang14
#include "legacy_iproute2.h"

struct __sk_buff { u32 len; };

struct bpf_elf_map SEC("maps") outer = { BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 8, 0, 0, 0, 42, 0 };
struct bpf_elf_map SEC("maps") jmp = { BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 8, 0, 1, 0, 0, 0 };
static struct bpf_elf_map SEC("maps") hidden = { BPF_MAP_TYPE_ARRAY, 4, 8, 4, BPF_F_MMAPABLE | BPF_F_RDONLY_PROG, 0, 0, 0, 0 };
struct bpf_elf_map SEC("maps") sixth = { BPF_MAP_TYPE_HASH, 4, 8, 4, BPF_F_NO_PREALLOC, 42, 0, 0, 6 };
struct bpf_elf_map SEC("maps") second = { BPF_MAP_TYPE_HASH, 4, 8, 4, BPF_F_NO_PREALLOC, 42, 2, 0, 2 };
struct bpf_elf_map SEC("maps") other_jmp = { BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 8, 0, 7, 0, 0, 0 };
extern struct bpf_elf_map another __attribute__((alias("other_jmp")));
struct bpf_elf_map SEC("maps") goes_on_map = { BPF_MAP_TYPE_HASH, 4, 8, 4, 0, 0, 0, 0, 0 };

SEC("1/3") int goes_on(struct __sk_buff *skb)
{
	u32 key = 0;

	bpf_map_lookup_elem(&goes_on_map, &key);
	bpf_tail_call(skb, &other_jmp, 1);
	return skb->len;
}

SEC("7/1") int ends(struct __sk_buff *skb) { return skb->len + 1; }

SEC("classifier") int begins(struct __sk_buff *skb)
{
	u32 key = 0;

	bpf_map_lookup_elem(&second, &key);
	bpf_map_lookup_elem(&sixth, &key);
	bpf_map_lookup_elem(&hidden, &key);
	bpf_map_lookup_elem(&outer, &key);
	bpf_tail_call(skb, &jmp, 3);
	return 0;
}

LICENSE("GPL");
