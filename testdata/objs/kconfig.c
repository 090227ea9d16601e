/* Externs of kernel configuration: strong, weak, tristate, text (R106, R108, R109). */
#include "bpf_min.h"

enum libbpf_tristate { TRI_NO = 0, TRI_YES = 1, TRI_MODULE = 2 };

extern int LINUX_KERNEL_VERSION KCONFIG;
extern bool CONFIG_BPF_SYSCALL KCONFIG;
extern enum libbpf_tristate CONFIG_IPV6 KCONFIG;
extern u32 CONFIG_HZ KCONFIG;
extern char CONFIG_DEFAULT_HOSTNAME[16] KCONFIG WEAK;
extern u64 CONFIG_THERE_IS_NO_SUCH_OPTION KCONFIG WEAK;

SEC("socket") int reads_config(void *ctx)
{
	return LINUX_KERNEL_VERSION + CONFIG_BPF_SYSCALL + CONFIG_IPV6 + CONFIG_HZ + CONFIG_DEFAULT_HOSTNAME[0] +
	       CONFIG_THERE_IS_NO_SUCH_OPTION;
}

LICENSE("GPL");
