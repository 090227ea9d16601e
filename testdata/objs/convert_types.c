/* Keys and values of all kinds of C types, which the printed C must lay out alike
 * (L100 to L102). */
// also: clang14
#include "bpf_min.h"

struct bpf_map_def { u32 type, key_size, value_size, max_entries, map_flags; };

#define MAP(name, type_key, type_val)                                                                      \
	struct ____btf_map_##name { type_key key; type_val value; };                                       \
	struct ____btf_map_##name SEC(".maps." #name) ____btf_map_##name = {};                             \
	struct bpf_map_def SEC("maps") name = { BPF_MAP_TYPE_HASH, sizeof(type_key), sizeof(type_val), 8, 0 }

enum colour { RED, GREEN = 5, BLUE = -3 };
enum small { SMALL_A, SMALL_B } __attribute__((packed));
enum huge { HUGE = 0x7fffffffU, HUGER = 0xfffffffeU };
typedef enum { ANONYMOUS_A, ANONYMOUS_B } anonymous_enum;

struct flow { u64 packets, bytes; };
typedef struct flow flow_t;
typedef struct { flow_t in, out; } both_t;
struct packed { u8 a; u32 b; u16 c; } __attribute__((packed));
struct holds_packed { u8 a; struct packed b; u64 c; };
struct packed_tail { u32 a; u8 b; } __attribute__((packed, aligned(2)));
struct line { u32 a; u32 b __attribute__((aligned(32))); } __attribute__((aligned(64)));
struct bits { u32 a : 3, b : 7, : 0, c : 1; u64 d : 40; u8 e : 2; s16 f : 4; bool g : 1; };
struct packed_bits { u8 a : 3; u32 b : 30; u64 c : 50; u8 d; } __attribute__((packed));
struct pads { u8 a; u64 : 20; u16 b; u8 c[3]; u64 d; u16 e; };
union either { u8 bytes[12]; u32 words[3]; struct { u16 low, high; }; };
struct nested {
	union { u32 v4; u32 v6[4]; };
	struct { u8 x, y; } inner[3];
	enum colour colour;
	enum small small;
	anonymous_enum anonymous;
	enum { LOCAL_A = 1, LOCAL_B } local, also_local;
};
struct other;
struct points {
	struct points *next;
	const struct other *other;
	const char *const name;
	volatile u32 *where;
	int (*call)(struct points *self, u32 n, ...);
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
	u8 flexible[];
};
struct empty {};
struct holds_empty { struct empty none; u32 a; u32 zero[0]; };
struct wide { __int128 i; unsigned __int128 u; u8 c; };

MAP(plain, u32, flow_t);
MAP(anonymous, struct { u8 a; u16 b; }, both_t);
MAP(packs, struct packed, struct holds_packed);
MAP(tails, struct packed_tail, struct line);
MAP(fields, struct bits, struct packed_bits);
MAP(gaps, struct pads, union either);
MAP(nests, enum colour, struct nested);
MAP(pointers, const u64, struct points);
MAP(empties, enum huge, struct holds_empty);
MAP(wides, anonymous_enum, struct wide);
struct ____btf_map_arrays { u8 key[6]; char *value[2][2]; };
struct ____btf_map_arrays SEC(".maps.arrays") ____btf_map_arrays = {};
struct bpf_map_def SEC("maps") arrays = { BPF_MAP_TYPE_HASH, 6, 32, 8, 0 };
struct ____btf_map_calls { int (*key)(u32, char); u32 (*value)[4]; };
struct ____btf_map_calls SEC(".maps.calls") ____btf_map_calls = {};
struct bpf_map_def SEC("maps") calls = { BPF_MAP_TYPE_HASH, 8, 8, 8, 0 };

LICENSE("GPL");
