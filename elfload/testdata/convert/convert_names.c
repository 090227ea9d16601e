/* The legacy map definitions of convert_names.o as BTF definitions, in the same order.
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

#ifndef BPF_MAP_TYPE_HASH
#define BPF_MAP_TYPE_HASH 1
#endif
#ifndef BPF_MAP_TYPE_ARRAY
#define BPF_MAP_TYPE_ARRAY 2
#endif
#ifndef BPF_MAP_TYPE_ARRAY_OF_MAPS
#define BPF_MAP_TYPE_ARRAY_OF_MAPS 12
#endif
#ifndef BPF_MAP_TYPE_LRU_HASH
#define BPF_MAP_TYPE_LRU_HASH 9
#endif
#ifndef BPF_MAP_TYPE_PROG_ARRAY
#define BPF_MAP_TYPE_PROG_ARRAY 3
#endif
#ifndef BPF_F_NUMA_NODE
#define BPF_F_NUMA_NODE (1U << 2)
#endif

#ifndef BPFLOAD_NO_TYPES /* define it where the source has these types */

typedef unsigned int u32;
enum kind { BPF_F_RDONLY = 8, BPF_MAP_TYPE_OF_OURS = 7 };
struct entry {
	enum kind index;
	u32 SEC_;
	u32 log;
};
_Static_assert(sizeof(struct entry) == 12, "struct entry");
#endif

/* Programs that stand in slots. */
int exit___2(void *ctx) __asm__("exit");

/* The map is called int in the object and its loaders, which C has another use for. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, u32);
	__type(value, struct entry);
	__uint(max_entries, 4);
} int___2 __asm__("int") SEC(".maps") = {};

/* The map is called BPF_MAP_TYPE_HASH in the object and its loaders, which C has another use for. */
struct BPF_MAP_TYPE_HASH___2_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 8);
	__uint(max_entries, 2);
	__uint(map_flags, BPF_F_NUMA_NODE); /* 0x4 */
	__uint(numa_node, 0);
} BPF_MAP_TYPE_HASH___2 __asm__("BPF_MAP_TYPE_HASH") SEC(".maps") = {};

/* The map is called SEC in the object and its loaders, which C has another use for.
 * It said, in the dialect samples: inner_map_idx 1. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(key_size, 4);
	__uint(max_entries, 3);
	__array(values, struct BPF_MAP_TYPE_HASH___2_map);
} SEC___2 __asm__("SEC") SEC(".maps") = {};

/* The map is called log in the object and its loaders, which C has another use for. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(key_size, 4);
	__uint(value_size, 8);
	__uint(max_entries, 4);
	__uint(map_flags, BPF_F_RDONLY); /* 0x8 */
} log___2 __asm__("log") SEC(".maps") = {};

/* The map is called printf in the object and its loaders, which C has another use for.
 * Program exit stands in section socket/1, which told its slot; now that is SEC("socket"). */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(key_size, 4);
	__uint(max_entries, 4);
	__array(values, int (void *));
} printf___2 __asm__("printf") SEC(".maps") = {
	.values = {
		[1] = (void *)&exit___2,
	},
};

#ifdef BPFLOAD_STUBS /* makes an object of this file alone */

SEC("socket") int exit___2(void *ctx) { return 0; }
char _license[] SEC("license") = "GPL";
#endif
