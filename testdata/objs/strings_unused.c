/* A string pool that nothing in the programs refers to: only an unresolved
 * pointer in .data does (R22, R24, D20, C15). */
#include "bpf_min.h"

const char *unresolved = "nobody reads this";

SEC("socket") int returns_zero(void *ctx) { return 0; }

LICENSE("GPL");
