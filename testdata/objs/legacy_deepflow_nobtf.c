/* The same without BTF: the sections' names tell (L99). */
// cflags: -g0
// also: old
#include "legacy_deepflow.c"
