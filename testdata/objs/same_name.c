/* Two sections of one name, told apart by their index: the variable that has to
 * survive a linker's garbage collection gets one of its own. A run returns 40
 * (R25, C19). */
#include "bpf_min.h"

int left SEC(".data.twin") __attribute__((retain)) = 10;
int right SEC(".data.twin") = 30;

SEC("socket") int adds(void *ctx)
{
	return left + right;
}

LICENSE("GPL");
