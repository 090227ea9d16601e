/* Android S, 48 bytes, without BTF or a section of its own: the range of loader
 * versions tells (N48, L114). */
// cflags: -g0
#include "bpf_min.h"

struct bpf_map_def {
	u32 type, key_size, value_size, max_entries, map_flags, uid, gid, mode;
	u32 bpfloader_min_ver, bpfloader_max_ver, min_kver, max_kver;
};

const struct bpf_map_def SEC("maps") stats = { BPF_MAP_TYPE_HASH, 4, 8, 64, 0, 1000, 3003, 0660, 2, 0x10000, 0, 0xffffffff };
