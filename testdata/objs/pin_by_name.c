/* Two maps ask for pinning by name, one says no, one says nothing (R64, R81). */
// also: clang14
#include "bpf_min.h"

#define BODY \
	__uint(type, BPF_MAP_TYPE_HASH); \
	__uint(max_entries, 4); \
	__type(key, u32); \
	__type(value, u64)

struct { BODY; __uint(pinning, PIN_BY_NAME); } bpfload_fixture_pinned SEC(".maps");
struct { BODY; __uint(pinning, PIN_NONE); } not_pinned SEC(".maps");
struct { BODY; } says_nothing SEC(".maps");
struct { __uint(pinning, PIN_BY_NAME); BODY; } bpfload_fixture_pinned_too SEC(".maps");
