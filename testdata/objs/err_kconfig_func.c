/* Configuration has no functions (R107). */
#include "bpf_min.h"

extern int CONFIG_FUNCTION(void) KCONFIG;

SEC("socket") int calls(void *ctx) { return CONFIG_FUNCTION(); }

LICENSE("GPL");
