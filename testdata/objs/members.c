/* Every member of a definition once: type, max_entries, map_flags, numa_node,
 * key_size, key, value_size, value, values, pinning, map_extra (R56). */
#include "bpf_min.h"

struct flow { u32 from, to; };

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_NUMA_NODE);
	__uint(numa_node, 0);
	__uint(key_size, sizeof(struct flow));
	__type(key, struct flow);
	__type(value, u64);
	__uint(value_size, 8);
	__uint(pinning, PIN_NONE);
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_BLOOM_FILTER);
	__uint(max_entries, 100);
	__type(value, u32);
	__uint(map_extra, 3);
} seen SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__uint(max_entries, 4);
	__uint(map_flags, 0);
	__uint(key_size, 8);
	__array(values, struct {
		__uint(type, BPF_MAP_TYPE_ARRAY);
		__uint(key_size, 4);
		__uint(value_size, 4);
		__uint(max_entries, 7);
	});
} tables SEC(".maps");
