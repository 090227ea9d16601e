/* The same without BTF, as on devices: section size_of_bpf_map_def tells (L90, L111). */
// cflags: -g0
// also: old
#include "legacy_android.c"
