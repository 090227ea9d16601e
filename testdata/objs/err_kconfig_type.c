/* Configuration cannot fill a pointer (R108). */
#include "bpf_min.h"

extern void *CONFIG_POINTER KCONFIG;

SEC("socket") int reads(void *ctx) { return CONFIG_POINTER != 0; }

LICENSE("GPL");
