/* A hundred maps, made by a macro, each with its number as max_entries: order is
 * the order of definition even where sorting by text would differ (R2, R5). */
#include "bpf_min.h"

#define ONE(n) \
	struct { \
		__uint(type, BPF_MAP_TYPE_ARRAY); \
		__uint(max_entries, n + 1); \
		__type(key, u32); \
		__type(value, u32); \
	} map_##n SEC(".maps")
#define TEN(n) \
	ONE(n##0); ONE(n##1); ONE(n##2); ONE(n##3); ONE(n##4); \
	ONE(n##5); ONE(n##6); ONE(n##7); ONE(n##8); ONE(n##9)

ONE(0); ONE(1); ONE(2); ONE(3); ONE(4); ONE(5); ONE(6); ONE(7); ONE(8); ONE(9);
TEN(1); TEN(2); TEN(3); TEN(4); TEN(5); TEN(6); TEN(7); TEN(8); TEN(9);
