/* A strong option that no kernel has: the two programs that need it cannot be
 * loaded, the third could (R114). */
#include "bpf_min.h"

extern u32 CONFIG_THERE_IS_NO_SUCH_NUMBER KCONFIG;
extern u32 CONFIG_HZ KCONFIG;

SEC("socket") int needs_it(void *ctx)
{
	return CONFIG_THERE_IS_NO_SUCH_NUMBER;
}

SEC("socket") int does_not(void *ctx)
{
	return CONFIG_HZ;
}

SEC("?socket") int needs_it_too(void *ctx)
{
	return CONFIG_THERE_IS_NO_SUCH_NUMBER + CONFIG_HZ;
}

LICENSE("GPL");
