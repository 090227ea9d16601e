/* aya's struct, as C: pinning by name, an id that is always 0 (L80, L81). */
#include "bpf_min.h"

struct bpf_map_def { u32 type_, key_size, value_size, max_entries, map_flags, id, pinning; };

/* Rust wraps it; detection goes down to the struct with a type. */
struct unsafe_cell { struct bpf_map_def value; };
struct hash_map { struct unsafe_cell def; };

struct hash_map SEC("maps") BLOCKLIST = { { { BPF_MAP_TYPE_HASH, 4, 4, 1024, 0, 0, 0 } } };
struct hash_map SEC("maps") PINNED = { { { BPF_MAP_TYPE_ARRAY, 4, 8, 4, 0, 0, 1 } } };

SEC("xdp") int filters(void *ctx)
{
	u32 key = 0;

	return bpf_map_lookup_elem(&BLOCKLIST, &key) || !bpf_map_lookup_elem(&PINNED, &key) ? XDP_DROP : XDP_PASS;
}

LICENSE("GPL");
