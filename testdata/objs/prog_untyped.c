/* A program in a section that names no type: an error that points to --type, and
 * a filter of socket type once told so. */
#include "bpf_min.h"

SEC("my_filters") int filter(void *ctx) { return 9; }

LICENSE("GPL");
