/* The same without BTF: ids of tail-call sections and pinning 2 tell (L114). */
// cflags: -g0
// also: old
#include "legacy_cilium.c"
