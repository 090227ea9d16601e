/* A 2 at byte 20 and no section that decides: an id of iproute2 or aya, or AWS's
 * pinning (L114, L115). */
// cflags: -g0
#include "bpf_min.h"

struct bpf_map_def { u32 type, key_size, value_size, max_entries, map_flags, what, inner_map_fd; };

struct bpf_map_def SEC("maps") unclear = { BPF_MAP_TYPE_ARRAY, 4, 8, 1, 0, 2, 0 };
