/* A program with a function that another one can replace: the kernel wants arguments
 * that are numbers or the context. */
#include "bpf_min.h"

NOINLINE int replaceable(u32 number)
{
	asm volatile("" : "+r"(number));
	return number + 1;
}

SEC("xdp") int passes(void *ctx)
{
	return replaceable(1);
}

LICENSE("GPL");
