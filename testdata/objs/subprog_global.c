/* Calls to global, weak and hidden functions, two programs sharing one of them.
 * Runs return 11 and 20. */
#include "bpf_min.h"

NOINLINE int global_one(int a) { return *(volatile int *)&a + 1; }
WEAK NOINLINE int weak_ten(int a) { return *(volatile int *)&a + 10; }
HIDDEN NOINLINE int hidden_ten(int a) { return *(volatile int *)&a + 10; }

SEC("socket") int eleven(void *ctx) { return weak_ten(global_one(0)); }
SEC("socket") int twenty(void *ctx) { return weak_ten(hidden_ten(0)); }

LICENSE("GPL");
