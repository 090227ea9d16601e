/* A call to a static function that clang must not inline: it stays in .text and
 * is reached through the section symbol. A run returns 7. */
// also: clang14
#include "bpf_min.h"

static NOINLINE int adds(int a, int b)
{
	return *(volatile int *)&a + b;
}

static NOINLINE int adds_twice(int a)
{
	return adds(a, 2) + adds(a, 3);
}

SEC("socket") int calls(void *ctx)
{
	return adds_twice(1);
}

LICENSE("GPL");
