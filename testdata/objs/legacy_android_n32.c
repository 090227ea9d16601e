/* Android R, 32 bytes: section progs is Android's (N32, L90, L111). */
// cflags: -g0
#include "bpf_min.h"

struct bpf_map_def { u32 type, key_size, value_size, max_entries, map_flags, uid, gid, mode; };
struct bpf_prog_def { u32 uid, gid, min_kver, max_kver; };

const struct bpf_map_def SEC("maps") stats = { BPF_MAP_TYPE_HASH, 4, 8, 64, 0, 1000, 3003, 0660 };
const struct bpf_prog_def SEC("progs") counts_def = { 0, 3003, 0, 0xffffffff };
