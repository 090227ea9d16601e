/* Without BTF a 1 at byte 24 is iproute2's object namespace or aya's pinning by
 * name: nothing decides (A1, L115). */
// cflags: -g0
#include "legacy_aya.c"
