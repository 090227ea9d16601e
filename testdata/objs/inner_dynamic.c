/* Inner arrays of different sizes: the definition asks for BPF_F_INNER_MAP, and
 * two outer maps share the same inner ones (R73, R74). */
#include "bpf_min.h"

struct cells {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_INNER_MAP);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_INNER_MAP);
	__uint(max_entries, 9);
	__type(key, u32);
	__type(value, u64);
} nine SEC(".maps");

struct cells single SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, u32);
	__array(values, struct cells);
} left SEC(".maps") = { .values = { (void *)&nine, &single } },
  right SEC(".maps") = { .values = { &single, (void *)&nine } };
