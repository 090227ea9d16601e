/* Neither map nor program: only a licence. */
#include "bpf_min.h"

LICENSE("GPL");
