/* Programs that C calls static, one to a section, as in the probe of Falco and
 * sysdig; next to others, and where something calls them, static functions are subprograms. */
#include "bpf_min.h"

SEC("socket/filler/one") static int fills_one(void *ctx)
{
	return 1;
}

SEC("socket/filler/two") static int fills_two(void *ctx)
{
	return 2;
}

SEC("socket/called") static NOINLINE int called(int x)
{
	volatile int y = x;

	return y + 1;
}

SEC("socket/both") static NOINLINE int beside(int x)
{
	volatile int y = x;

	return y + 2;
}

SEC("socket/both") int calls(void *ctx)
{
	return called(20) + beside(20);
}

SEC("unknown") static int stays(void *ctx)
{
	return 3;
}

LICENSE("GPL");
