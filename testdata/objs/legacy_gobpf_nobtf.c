/* The same without BTF: 280 bytes each, and symbols without size (T11; L9, L111). */
// cflags: -g0
// also: old
#include "legacy_gobpf.c"
