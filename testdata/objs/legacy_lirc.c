/* A decoder for ir-keytable of v4l-utils: maps in a section of their own, and
 * parameters, whose address stands for their value (L3, L110). */
#include "bpf_min.h"

struct bpf_map_def { u32 type, key_size, value_size, max_entries, map_flags, inner_map_idx, numa_node; };

#define PARAMETER(name) ((int)(u64)&(name))

struct state { u32 bits, count; };

struct bpf_map_def SEC("lirc_mode2/maps") decoder_state = { BPF_MAP_TYPE_ARRAY, 4, sizeof(struct state), 1, 0, 0, 0 };
struct bpf_map_def SEC("lirc_mode2/maps") raw_map = { BPF_MAP_TYPE_ARRAY, 4, 4, 1024, 0, 0, 0 };

int margin = 200;
int trail_space = -3;
int toggle; /* in .bss */

SEC("lirc_mode2/own") int decodes(u32 *sample)
{
	u32 key = 0;
	struct state *s = bpf_map_lookup_elem(&decoder_state, &key);
	u32 *raw = bpf_map_lookup_elem(&raw_map, &key);

	if (!s || !raw)
		return PARAMETER(toggle);
	if ((int)*sample > PARAMETER(margin))
		s->count++;
	return *raw + PARAMETER(trail_space);
}

LICENSE("GPL");
