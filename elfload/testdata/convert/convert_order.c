/* The legacy map definitions of convert_order.o as BTF definitions, in the same order.
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
#ifndef BPF_MAP_TYPE_ARRAY_OF_MAPS
#define BPF_MAP_TYPE_ARRAY_OF_MAPS 12
#endif
#ifndef BPF_MAP_TYPE_PROG_ARRAY
#define BPF_MAP_TYPE_PROG_ARRAY 3
#endif
#ifndef BPF_MAP_TYPE_ARRAY
#define BPF_MAP_TYPE_ARRAY 2
#endif
#ifndef BPF_F_NO_PREALLOC
#define BPF_F_NO_PREALLOC (1U << 0)
#endif
#ifndef BPF_F_RDONLY_PROG
#define BPF_F_RDONLY_PROG (1U << 7)
#endif
#ifndef BPF_F_MMAPABLE
#define BPF_F_MMAPABLE (1U << 10)
#endif

#ifndef BPFLOAD_NO_TYPES /* define it where the source has these types */

struct __sk_buff;
#endif

/* Programs that stand in slots. */
int goes_on(struct __sk_buff *skb);
int ends(struct __sk_buff *skb);

/* What every map inside has, as sixth. */
struct sixth_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(key_size, 4);
	__uint(value_size, 8);
	__uint(max_entries, 4);
	__uint(map_flags, BPF_F_NO_PREALLOC); /* 0x1 */
};

/* Maps that are defined below have another name up here: declared by their own,
 * clang would put them before their turn. */
extern char second__below[] __asm__("second") __attribute__((nodebug));
extern char sixth__below[] __asm__("sixth") __attribute__((nodebug));
/* Slot 2 holds second, which comes later: libbpf cannot load that; move this map below if the order does not matter.
 * Slot 6 holds sixth, which comes later: libbpf cannot load that; move this map below if the order does not matter.
 * It said, in the dialect iproute2: inner_id 42. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(key_size, 4);
	__uint(max_entries, 8);
	__array(values, struct sixth_map);
} outer SEC(".maps") = {
	.values = {
		[2] = (void *)second__below,
		[6] = (void *)sixth__below,
	},
};

/* It said, in the dialect iproute2: id 1.
 * Program goes_on stands in section 1/3, which told its slot; now that is SEC("tc"). */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(key_size, 4);
	__uint(max_entries, 8);
	__array(values, int (void *));
} jmp SEC(".maps") = {
	.values = {
		[3] = (void *)&goes_on,
	},
};

/* Static or hidden in the object; global here, as libbpf refuses others. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 8);
	__uint(max_entries, 4);
	__uint(map_flags, BPF_F_RDONLY_PROG | BPF_F_MMAPABLE); /* 0x480 */
} hidden SEC(".maps") = {};

/* It said, in the dialect iproute2: id 42, inner_idx 6. */
struct sixth_map sixth SEC(".maps") = {};

/* To be pinned (global) as tc/globals/second, which a definition cannot say: bpf_map__set_pin_path.
 * It said, in the dialect iproute2: id 42, pinning 2, inner_idx 2. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(key_size, 4);
	__uint(value_size, 8);
	__uint(max_entries, 4);
	__uint(map_flags, BPF_F_NO_PREALLOC); /* 0x1 */
} second SEC(".maps") = {};

/* Also called another, which a definition cannot say.
 * It said, in the dialect iproute2: id 7.
 * Program ends stands in section 7/1, which told its slot; now that is SEC("tc"). */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(key_size, 4);
	__uint(max_entries, 8);
	__array(values, int (void *));
} other_jmp SEC(".maps") = {
	.values = {
		[1] = (void *)&ends,
	},
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(key_size, 4);
	__uint(value_size, 8);
	__uint(max_entries, 4);
} goes_on_map SEC(".maps") = {};

#ifdef BPFLOAD_STUBS /* makes an object of this file alone */

SEC("tc") int goes_on(struct __sk_buff *skb) { return 0; }
SEC("tc") int ends(struct __sk_buff *skb) { return 0; }
char _license[] SEC("license") = "GPL";
#endif
