/* A string that only a pool holds and a program uses (R22, C15). */
#include "bpf_min.h"

static NOINLINE int first_letter(const char *s)
{
	return *(volatile const char *)s;
}

SEC("socket") int reads_pool(void *ctx)
{
	return first_letter("pool") + first_letter("other");
}

LICENSE("GPL");
