/* No licence at all. */
#include "bpf_min.h"

SEC("socket") int plain(void *ctx) { return 0; }
