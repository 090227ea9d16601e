/* One map of most types, with the sizes that the kernel asks for. Those whose
 * BTF ids have to be cleared are typed on purpose (R142). */
#include "bpf_min.h"

#define MAP(name, kind, n, k, v) \
	struct { \
		__uint(type, BPF_MAP_TYPE_##kind); \
		__uint(max_entries, n); \
		__type(key, k); \
		__type(value, v); \
	} name SEC(".maps")

#define STORAGE(name, kind) \
	struct { \
		__uint(type, BPF_MAP_TYPE_##kind); \
		__uint(map_flags, BPF_F_NO_PREALLOC); \
		__type(key, int); \
		__type(value, u64); \
	} name SEC(".maps")

struct prefix { u32 bits, address; };

MAP(percpu_hash, PERCPU_HASH, 2, u32, u64);
MAP(percpu_array, PERCPU_ARRAY, 2, u32, u64);
MAP(stacks, STACK_TRACE, 2, u32, u64[4]);
MAP(cgroups, CGROUP_ARRAY, 2, u32, u32);
MAP(lru, LRU_HASH, 4, u32, u64);
MAP(lru_percpu, LRU_PERCPU_HASH, 4, u32, u64);
MAP(devices, DEVMAP, 2, u32, u32);
MAP(device_hash, DEVMAP_HASH, 2, u32, u32);
MAP(cpus, CPUMAP, 2, u32, u32);
MAP(xsks, XSKMAP, 2, u32, u32);
MAP(sockets, SOCKMAP, 2, u32, u64);
MAP(socket_hash, SOCKHASH, 2, u32, u64);
MAP(reuseport, REUSEPORT_SOCKARRAY, 2, u32, u64);

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 2);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct prefix);
	__type(value, u32);
} routes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 2);
	__type(value, u64);
} queue SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_STACK);
	__uint(max_entries, 2);
	__uint(value_size, 8);
} stack SEC(".maps");

STORAGE(per_socket, SK_STORAGE);
STORAGE(per_task, TASK_STORAGE);
STORAGE(per_cgroup, CGRP_STORAGE);
