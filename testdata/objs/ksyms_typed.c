/* A kernel variable by its BTF type. Kernels without CONFIG_KALLSYMS_ALL cannot
 * tell its address. */
#include "bpf_min.h"

extern const int bpf_prog_active KSYM;

SEC("raw_tp/sys_enter") int refers(void *ctx)
{
	return bpf_prog_active == 1 ? 1 : 0;
}

LICENSE("GPL");
