/* The same without BTF: the map of maps tells the dialect (L114). */
// cflags: -g0
// also: old
#include "legacy_samples.c"
