/* Keys and values by type: structs, unions, arrays, enums, typedefs, qualifiers,
 * pointers, bit fields, a flexible array (R59, R60, R61). */
// also: clang14
#include "bpf_min.h"

typedef struct { u8 bytes[6]; } mac_t;
typedef const volatile u16 port_t;
enum color { RED, GREEN = 7 };
union either { u64 wide; u32 narrow[2]; };
struct bits { u32 low : 3, high : 5; char name[3][5]; };
struct tail { u32 n; u64 more[]; };

#define TYPED(name, k, v) \
	struct { \
		__uint(type, BPF_MAP_TYPE_HASH); \
		__uint(max_entries, 2); \
		__type(key, k); \
		__type(value, v); \
	} name SEC(".maps")

TYPED(by_mac, mac_t, port_t);
TYPED(by_color, enum color, union either);
TYPED(by_pointer, void *, struct bits);
TYPED(by_text, char[16], struct tail);
