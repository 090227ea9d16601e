/* A call to a function that no file defines. */
#include "bpf_min.h"

extern int elsewhere(int a);

SEC("socket") int calls(void *ctx) { return elsewhere(1); }

LICENSE("GPL");
