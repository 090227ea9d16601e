/* map_extra as an array length and as an enumerator of 64 bits, in an enum and
 * behind qualifiers and a typedef (R53, R54, C31). */
#include "bpf_min.h"

typedef enum { FOUR_HASHES = 4 } hashes_t;

struct {
	__uint(type, BPF_MAP_TYPE_BLOOM_FILTER);
	__uint(max_entries, 10);
	__type(value, u32);
	__ulong(map_extra, 2);
} two SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_BLOOM_FILTER);
	__uint(max_entries, 10);
	__type(value, u32);
	const hashes_t map_extra;
} four SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARENA);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 16);
	__ulong(map_extra, 0x1ull << 44);
} arena SEC(".maps");
