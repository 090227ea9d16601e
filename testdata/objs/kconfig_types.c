/* Configuration variables of every type, and the three that are facts about the
 * kernel rather than options (R108, R109, R111). */
#include "bpf_min.h"

enum libbpf_tristate { TRI_NO = 0, TRI_YES = 1, TRI_MODULE = 2 };

typedef const volatile unsigned short quantity;

extern bool CONFIG_BPF KCONFIG;
extern bool CONFIG_NOT_THERE_BOOL KCONFIG WEAK;
extern const char CONFIG_BPF_JIT KCONFIG;
extern u8 CONFIG_NOT_THERE_CHAR KCONFIG WEAK;
extern s16 CONFIG_LOG_BUF_SHIFT KCONFIG;
extern quantity CONFIG_NOT_THERE_SHORT KCONFIG WEAK;
extern s32 CONFIG_NR_CPUS KCONFIG;
extern s64 CONFIG_PGTABLE_LEVELS KCONFIG;
extern u64 CONFIG_PHYSICAL_START KCONFIG WEAK;
extern enum libbpf_tristate CONFIG_NET KCONFIG;
extern enum libbpf_tristate CONFIG_NOT_THERE_TRISTATE KCONFIG WEAK;
extern char CONFIG_CC_VERSION_TEXT[6] KCONFIG;
extern char CONFIG_LOCALVERSION[32] KCONFIG WEAK;
extern u64 LINUX_KERNEL_VERSION KCONFIG;
extern bool LINUX_HAS_BPF_COOKIE KCONFIG;
extern int LINUX_HAS_SYSCALL_WRAPPER KCONFIG WEAK;
extern u16 LINUX_HAS_NOT_BEEN_INVENTED KCONFIG WEAK;

SEC("socket") int reads_numbers(void *ctx)
{
	return CONFIG_BPF + CONFIG_NOT_THERE_BOOL + CONFIG_BPF_JIT + CONFIG_NOT_THERE_CHAR + CONFIG_LOG_BUF_SHIFT +
	       CONFIG_NOT_THERE_SHORT + CONFIG_NR_CPUS + CONFIG_PGTABLE_LEVELS + CONFIG_PHYSICAL_START + CONFIG_NET +
	       CONFIG_NOT_THERE_TRISTATE + LINUX_KERNEL_VERSION + LINUX_HAS_BPF_COOKIE + LINUX_HAS_SYSCALL_WRAPPER +
	       LINUX_HAS_NOT_BEEN_INVENTED;
}

/* The address of an element of a text is the variable's plus an addend. */
SEC("socket") int reads_texts(void *ctx)
{
	return CONFIG_CC_VERSION_TEXT[1] + CONFIG_LOCALVERSION[5];
}

LICENSE("GPL");
