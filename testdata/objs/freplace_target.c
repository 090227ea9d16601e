/* A program with a function that another one can replace. */
#include "bpf_min.h"

NOINLINE int replaceable(u32 *number)
{
	if (!number)
		return 0;
	asm volatile("" : "+r"(number));
	return *number + 1;
}

SEC("xdp") int passes(void *ctx)
{
	u32 one = 1;
	return replaceable(&one);
}

LICENSE("GPL");
