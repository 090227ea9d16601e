/* Newest instruction set: signed division and loads, long jumps, byte swaps. A
 * run returns 6: -7 / -1 - 1. */
// cflags: -mcpu=v4
#include "bpf_min.h"

volatile int dividend = -7;
volatile s8 divisor = -1;

SEC("socket") int divides(void *ctx)
{
	return dividend / divisor - 1;
}

LICENSE("GPL");
