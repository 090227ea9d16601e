/* The legacy map definitions of convert_types.o as BTF definitions, in the same order.
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

#ifndef BPFLOAD_NO_TYPES /* define it where the source has these types */

typedef unsigned int u32;
struct flow;
typedef struct flow flow_t;
typedef unsigned long long u64;
struct flow {
	u64 packets;
	u64 bytes;
};
_Static_assert(sizeof(flow_t) == 16, "flow_t");
typedef unsigned char u8;
typedef unsigned short u16;
typedef struct {
	flow_t in;
	flow_t out;
} both_t;
_Static_assert(sizeof(both_t) == 32, "both_t");
struct packed {
	u8 a;
	u32 b;
	u16 c;
} __attribute__((packed));
_Static_assert(sizeof(struct packed) == 7, "struct packed");
struct holds_packed {
	u8 a;
	struct packed b;
	u64 c;
};
_Static_assert(sizeof(struct holds_packed) == 16, "struct holds_packed");
struct packed_tail {
	u32 a;
	u8 b;
	unsigned long long :8;
} __attribute__((packed));
_Static_assert(sizeof(struct packed_tail) == 6, "struct packed_tail");
struct line {
	u32 a;
	unsigned long long :32;
	unsigned long long :64;
	unsigned long long :64;
	unsigned long long :64;
	u32 b;
} __attribute__((aligned(32)));
_Static_assert(sizeof(struct line) == 64, "struct line");
typedef short s16;
typedef _Bool bool;
struct bits {
	u32 a:3;
	u32 b:7;
	unsigned long long :22;
	u32 c:1;
	u64 d:40;
	u8 e:2;
	s16 f:4;
	bool g:1;
};
_Static_assert(sizeof(struct bits) == 16, "struct bits");
struct packed_bits {
	u8 a:3;
	u32 b:30;
	u64 c:50;
	u8 d;
} __attribute__((packed));
_Static_assert(sizeof(struct packed_bits) == 12, "struct packed_bits");
struct pads {
	u8 a;
	unsigned long long :24;
	u16 b;
	u8 c[3];
	u64 d;
	u16 e;
};
_Static_assert(sizeof(struct pads) == 32, "struct pads");
union either {
	u8 bytes[12];
	u32 words[3];
	struct {
		u16 low;
		u16 high;
	};
};
_Static_assert(sizeof(union either) == 12, "union either");
enum colour { RED = 0, GREEN = 5, BLUE = -3 };
enum small { SMALL_A = 0, SMALL_B = 1 } __attribute__((packed));
typedef enum { ANONYMOUS_A = 0, ANONYMOUS_B = 1 } anonymous_enum;
struct nested {
	union {
		u32 v4;
		u32 v6[4];
	};
	struct {
		u8 x;
		u8 y;
	} inner[3];
	enum colour colour;
	enum small small;
	anonymous_enum anonymous;
	enum { LOCAL_A = 1, LOCAL_B = 2 } local;
	unsigned int also_local;
};
_Static_assert(sizeof(struct nested) == 44, "struct nested");
struct other;
struct points {
	struct points *next;
	const struct other *other;
	const char *const name;
	volatile u32 *where;
	int (*call)(struct points *, u32, ...);
	u8 (*table)[4];
	void *nothing;
	union either **either;
	_Bool yes;
	char c;
	signed char sc;
	unsigned long ul;
	long l;
	float *f;
	int matrix[2][3];
	u8 flexible[0];
};
_Static_assert(sizeof(struct points) == 120, "struct points");
enum huge { HUGE = 2147483647, HUGER = -2 };
struct empty {
};
struct holds_empty {
	struct empty none;
	u32 a;
	u32 zero[0];
};
_Static_assert(sizeof(struct holds_empty) == 4, "struct holds_empty");
struct wide {
	__int128 i;
	unsigned __int128 u;
	u8 c;
};
_Static_assert(sizeof(struct wide) == 48, "struct wide");
#endif

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, u32);
	__type(value, flow_t);
	__uint(max_entries, 8);
} plain SEC(".maps") = {};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	struct {
		u8 a;
		u16 b;
	} *key;
	__type(value, both_t);
	__uint(max_entries, 8);
} anonymous SEC(".maps") = {};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct packed);
	__type(value, struct holds_packed);
	__uint(max_entries, 8);
} packs SEC(".maps") = {};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct packed_tail);
	__type(value, struct line);
	__uint(max_entries, 8);
} tails SEC(".maps") = {};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct bits);
	__type(value, struct packed_bits);
	__uint(max_entries, 8);
} fields SEC(".maps") = {};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct pads);
	__type(value, union either);
	__uint(max_entries, 8);
} gaps SEC(".maps") = {};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, enum colour);
	__type(value, struct nested);
	__uint(max_entries, 8);
} nests SEC(".maps") = {};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, const u64);
	__type(value, struct points);
	__uint(max_entries, 8);
} pointers SEC(".maps") = {};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, enum huge);
	__type(value, struct holds_empty);
	__uint(max_entries, 8);
} empties SEC(".maps") = {};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, anonymous_enum);
	__type(value, struct wide);
	__uint(max_entries, 8);
} wides SEC(".maps") = {};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, u8 [6]);
	__type(value, char *[2][2]);
	__uint(max_entries, 8);
} arrays SEC(".maps") = {};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	int (**key)(u32, char);
	__type(value, u32 (*)[4]);
	__uint(max_entries, 8);
} calls SEC(".maps") = {};

#ifdef BPFLOAD_STUBS /* makes an object of this file alone */

SEC("socket") int nothing(void *ctx) { return 0; }
char _license[] SEC("license") = "GPL";
#endif
