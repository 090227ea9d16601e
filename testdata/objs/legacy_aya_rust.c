/* Without BTF a 1 at byte 24 is aya's pinning only where symbols are Rust's (A1). */
// cflags: -g0
#include "legacy_aya.c"

void rust_begin_unwind(void) {}
