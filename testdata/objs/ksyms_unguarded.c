/* A weak function that is called without asking whether it is there. */
#include "bpf_min.h"

extern int there_is_no_such_function(void) KSYM WEAK;

SEC("tc") int calls(void *ctx) { return there_is_no_such_function(); }

LICENSE("GPL");
