/* Globals of all three kinds and a pointer among them, whose relocation nobody
 * resolves (R90, R91, R101, D20). A run returns initialised + 1 the first time. */
// also: clang14
#include "bpf_min.h"

int initialised = 40;
static int counts_up = 1;
int zero;
static volatile u64 also_zero[4];
const volatile int constant = 7;
static const volatile int private_constant = 3;
char text[] = "thirteen byte";

SEC("socket") int runs(void *ctx)
{
	zero += constant;
	also_zero[1] += private_constant + text[0];
	return initialised + counts_up++;
}

LICENSE("GPL");
