/* The same without BTF: 36 bytes are iproute2's alone (L114). */
// cflags: -g0
// also: old
#include "legacy_iproute2.c"
