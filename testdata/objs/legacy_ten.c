/* Ten maps of five words: the table shows them in the order of this file, while
 * programs use them in another (L10). max_entries is the rank plus one. */
// also: clang14 old
#include "bpf_min.h"

struct bpf_map_def { u32 type, key_size, value_size, max_entries, map_flags; };

#define MAP(name, n) struct bpf_map_def SEC("maps") name = { BPF_MAP_TYPE_ARRAY, 4, 8, n, 0 }

MAP(zulu, 1);
MAP(yankee, 2);
MAP(alpha, 3);
MAP(xray, 4);
MAP(bravo, 5);
MAP(whiskey, 6);
MAP(charlie, 7);
MAP(victor, 8);
MAP(delta, 9);
MAP(uniform, 10);

SEC("socket") int uses_some(void *ctx)
{
	u32 key = 0;

	return bpf_map_lookup_elem(&uniform, &key) && bpf_map_lookup_elem(&bravo, &key) &&
	       bpf_map_lookup_elem(&zulu, &key);
}

LICENSE("GPL");
