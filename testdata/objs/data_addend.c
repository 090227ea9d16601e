/* A reference into the middle of an array, its addend in the instruction: the
 * second element has to be read, 11 not 10 (R130, C83). */
#include "bpf_min.h"

int numbers[3] SEC(".data") = { 10, 11, 12 };

SEC("socket") int reads_second(void *ctx)
{
	int *p;

	asm("%0 = numbers + 4 ll" : "=r"(p));
	return *(volatile int *)p;
}

LICENSE("GPL");
