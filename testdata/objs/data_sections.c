/* Data sections with names of their own, also one whose name ends in a dot and
 * one that the kernel has to shorten (R17, R18, R19, R21, R97, R98, C12, C16). */
#include "bpf_min.h"

int in_custom SEC(".data.custom") = 1;
int in_long_name SEC(".data.a-very-long-section-name") = 2;
int after_dot SEC(".data.") = 3;
int zeroed SEC(".bss.custom");
const volatile int fixed SEC(".rodata.custom") = 4;
int written_in_rodata SEC(".rodata.writable") = 5;

SEC("socket") int sums(void *ctx)
{
	return in_custom + in_long_name + after_dot + zeroed + fixed + written_in_rodata;
}

LICENSE("GPL");
