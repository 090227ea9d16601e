/* Compiled without BTF: programs, subprograms and data maps load all the same
 * (R29). A run returns 21. */
// cflags: -g0
// also: clang14 old
#include "bpf_min.h"

int half = 10;
const volatile int one = 1;
int zero;

static NOINLINE int twice(int a) { return *(volatile int *)&a * 2; }

SEC("socket") int runs(void *ctx)
{
	zero++;
	return twice(half) + one;
}

LICENSE("GPL");
