/* A program calls another function of its own section, and one of a section that
 * holds programs too. A run of caller returns 5. */
#include "bpf_min.h"

SEC("socket") NOINLINE int same_section(int a) { return *(volatile int *)&a + 2; }
SEC("tc") NOINLINE int other_section(int a) { return *(volatile int *)&a + 3; }

SEC("socket") int caller(void *ctx) { return other_section(same_section(0)); }

LICENSE("GPL");
