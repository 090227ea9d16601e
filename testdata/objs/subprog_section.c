/* A program calls another program of its own section, and one of another section;
 * both are loaded on their own as well. A run of caller returns 5. */
#include "bpf_min.h"

struct __sk_buff { u32 len; };

SEC("socket") NOINLINE int same_section(struct __sk_buff *ctx)
{
	int two;

	asm volatile("%0 = 2" : "=r"(two) : "r"(ctx));
	return two;
}

SEC("tc") NOINLINE int other_section(struct __sk_buff *ctx)
{
	int three;

	asm volatile("%0 = 3" : "=r"(three) : "r"(ctx));
	return three;
}

SEC("socket") int caller(struct __sk_buff *ctx)
{
	return same_section(ctx) + other_section(ctx);
}

LICENSE("GPL");
