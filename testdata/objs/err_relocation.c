/* A reference to an absolute section that is neither map nor data (R131). */
#include "bpf_min.h"

int odd SEC("nobody_knows") = 3;

SEC("socket") int reads(void *ctx) { return odd; }

LICENSE("GPL");
