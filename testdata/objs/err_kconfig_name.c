/* Options begin with CONFIG_ or LINUX_, weak ones too (R111). */
#include "bpf_min.h"

extern int HZ KCONFIG WEAK;

SEC("socket") int reads(void *ctx) { return HZ; }

LICENSE("GPL");
