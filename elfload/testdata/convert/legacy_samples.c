/* The legacy map definitions of legacy_samples.o as BTF definitions, in the same order.
 * To be put behind the headers that the source includes and before its programs;
 * alone: clang -target bpf -g -O2 -c */

#ifndef SEC
#define SEC(name) __attribute__((section(name), used))
#endif
#ifndef __uint
#define __uint(name, val) int (*name)[val]
#endif
#ifndef __type
#define __type(name, val) __typeof__(val) *name
#endif
#ifndef __array
#define __array(name, val) __typeof__(val) *name[]
#endif

#ifndef BPF_MAP_TYPE_ARRAY
#define BPF_MAP_TYPE_ARRAY 2
#endif
#ifndef BPF_MAP_TYPE_HASH
#define BPF_MAP_TYPE_HASH 1
#endif
#ifndef BPF_MAP_TYPE_HASH_OF_MAPS
#define BPF_MAP_TYPE_HASH_OF_MAPS 13
#endif
#ifndef BPF_MAP_TYPE_PROG_ARRAY
#define BPF_MAP_TYPE_PROG_ARRAY 3
#endif
#ifndef BPF_F_NUMA_NODE
#define BPF_F_NUMA_NODE (1U << 2)
#endif

/* Programs that stand in slots. */
int goes_on(void *ctx);

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 4);
	__uint(max_entries, 1);
} pad0 SEC(".maps") = {};

struct inner_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(key_size, 4);
	__uint(value_size, 8);
	__uint(max_entries, 16);
} inner SEC(".maps") = {};

/* It said, in the dialect samples: inner_map_idx 1. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__uint(key_size, 4);
	__uint(max_entries, 8);
	__array(values, struct inner_map);
} outer SEC(".maps") = {};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(key_size, 4);
	__uint(value_size, 4);
	__uint(max_entries, 8);
	__uint(map_flags, BPF_F_NUMA_NODE); /* 0x4 */
	__uint(numa_node, 0);
} numa SEC(".maps") = {};

/* Program goes_on stands in section socket/0, which told its slot; now that is SEC("socket"). */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(key_size, 4);
	__uint(max_entries, 8);
	__array(values, int (void *));
} jmp SEC(".maps") = {
	.values = {
		[0] = (void *)&goes_on,
	},
};

#ifdef BPFLOAD_STUBS /* makes an object of this file alone */

SEC("socket") int goes_on(void *ctx) { return 0; }
char _license[] SEC("license") = "GPL";
#endif
