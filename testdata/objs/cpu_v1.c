/* Old instruction set: no 32-bit registers, no 32-bit jumps. */
// cflags: -mcpu=v1
#include "bpf_min.h"

int limit = 5;

SEC("socket") int compares(void *ctx)
{
	u32 now = bpf_ktime_get_ns();

	return now > (u32)limit ? 1 : 2;
}

LICENSE("GPL");
