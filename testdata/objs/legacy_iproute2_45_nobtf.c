/* The same without BTF: section 1/1 and the pinning words tell (T9; L114). */
// cflags: -g0
// also: old
#include "legacy_iproute2_45.c"
