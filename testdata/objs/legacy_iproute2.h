/* struct bpf_elf_map of iproute2 since 4.13, nine words. */
#ifndef LEGACY_IPROUTE2_H
#define LEGACY_IPROUTE2_H
#include "bpf_min.h"

struct bpf_elf_map { u32 type, size_key, size_value, max_elem, flags, id, pinning, inner_id, inner_idx; };

#endif
