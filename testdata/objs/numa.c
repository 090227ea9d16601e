/* numa_node with and without its flag (R139, R140, C25). */
#include "bpf_min.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4);
	__uint(map_flags, BPF_F_NUMA_NODE);
	__uint(numa_node, 0);
	__type(key, u32);
	__type(value, u64);
} on_node SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4);
	__uint(numa_node, 1);
	__type(key, u32);
	__type(value, u64);
} without_flag SEC(".maps");
