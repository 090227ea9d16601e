/* Numbers that the host gives: symbols that nothing defines and BTF does not know.
 * They are 0 until --var says otherwise (R131, C53). */
#include "bpf_min.h"

#define CONSTANT(name) ({ u64 value; asm("%0 = " #name " ll" : "=r"(value)); value; })

SEC("socket") int adds(void *ctx)
{
	return (CONSTANT(wide) >> 32) + CONSTANT(narrow) + CONSTANT(narrow);
}

SEC("?socket") int looks_up(void *ctx)
{
	u32 key = 0;

	return bpf_map_lookup_elem((void *)CONSTANT(elsewhere), &key) ? 1 : 0;
}

LICENSE("GPL");
