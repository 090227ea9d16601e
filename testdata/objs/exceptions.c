/* Programs that throw: without a callback they return what they throw, with one
 * what that makes of it. A callback in a section of any name is no program. */
#include "bpf_min.h"

#define EXCEPTION_CALLBACK(name) __attribute__((btf_decl_tag("exception_callback:" #name)))

extern void bpf_throw(u64 cookie) KSYM;

NOINLINE int in_text(u64 cookie)
{
	return (int)cookie + 1;
}

SEC("callbacks") NOINLINE int elsewhere(u64 cookie)
{
	return (int)cookie + 2;
}

SEC("tc") int throws(void *ctx)
{
	bpf_throw(40);
	return 0;
}

EXCEPTION_CALLBACK(in_text) SEC("tc") int throws_to_text(void *ctx)
{
	bpf_throw(40);
	return 0;
}

EXCEPTION_CALLBACK(elsewhere) SEC("tc") int throws_elsewhere(void *ctx)
{
	bpf_throw(40);
	return 0;
}

LICENSE("GPL");
