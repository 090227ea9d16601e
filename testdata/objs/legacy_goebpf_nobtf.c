/* The same without BTF: relocations at bytes 24 and 32 tell (L111). */
// cflags: -g0
// also: old
#include "legacy_goebpf.c"
