/* A licence that is not compatible with the GPL, and a version section (L26). */
#include "bpf_min.h"

u32 _version SEC("version") = 0x00040f00;

SEC("socket") int plain(void *ctx) { return 0; }

LICENSE("Proprietary");
