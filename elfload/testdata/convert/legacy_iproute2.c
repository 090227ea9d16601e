/* The legacy map definitions of legacy_iproute2.o as BTF definitions, in the same order.
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
#ifndef BPF_MAP_TYPE_ARRAY_OF_MAPS
#define BPF_MAP_TYPE_ARRAY_OF_MAPS 12
#endif
#ifndef BPF_MAP_TYPE_PROG_ARRAY
#define BPF_MAP_TYPE_PROG_ARRAY 3
#endif
#ifndef BPF_MAP_TYPE_HASH
#define BPF_MAP_TYPE_HASH 1
#endif

#ifndef BPFLOAD_NO_TYPES /* define it where the source has these types */

typedef unsigned int u32;
typedef unsigned long long u64;
struct flow {
	u64 packets;
	u64 bytes;
};
_Static_assert(sizeof(struct flow) == 16, "struct flow");
#endif

/* Programs that stand in slots. */
int goes_on(void *ctx);
int ends(void *ctx);

/* It said, in the dialect iproute2: id 42, inner_idx 1. */
struct map_inner_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 8);
	__uint(max_entries, 4);
} map_inner SEC(".maps") = {};

/* To be pinned (global) as tc/globals/map_outer, which a definition cannot say: bpf_map__set_pin_path.
 * It said, in the dialect iproute2: pinning 2, inner_id 42. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(key_size, 4);
	__uint(max_entries, 2);
	__array(values, struct map_inner_map);
} map_outer SEC(".maps") = {
	.values = {
		[1] = &map_inner,
	},
};

/* To be pinned (object) as tc/8ec96b9ddbb507e05a386ede1fd53bfb4d97a9f6/jmp_tc, which a definition cannot say: bpf_map__set_pin_path.
 * It said, in the dialect iproute2: id 672, pinning 1.
 * Program goes_on stands in section 0x2a0/1, which told its slot; now that is SEC("tc").
 * Program ends stands in section 672/2, which told its slot; now that is SEC("tc"). */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(key_size, 4);
	__uint(max_entries, 4);
	__array(values, int (void *));
} jmp_tc SEC(".maps") = {
	.values = {
		[1] = (void *)&goes_on,
		[2] = (void *)&ends,
	},
};

/* It said, in the dialect iproute2: pinning 5. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(key_size, 4);
	__uint(value_size, 4);
	__uint(max_entries, 8);
} cust SEC(".maps") = {};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, u32);
	__type(value, struct flow);
	__uint(max_entries, 8);
} annot SEC(".maps") = {};

#ifdef BPFLOAD_STUBS /* makes an object of this file alone */

SEC("tc") int goes_on(void *ctx) { return 0; }
SEC("tc") int ends(void *ctx) { return 0; }
char _license[] SEC("license") = "GPL";
#endif
