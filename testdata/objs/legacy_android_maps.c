/* Android mainline since 2025: definitions in .maps, further words about them in
 * .android_maps (N192, L96). */
#include "bpf_min.h"

struct bpf_map_record {
	u32 type, key_size, value_size, max_entries, map_flags, uid, gid, mode;
	s32 min_api_level, max_api_level;
	u32 min_kver, max_kver;
	char create_location[70], pin_location[70];
	u32 name_idx;
};

const struct bpf_map_record SEC(".android_maps") stats_def = {
	BPF_MAP_TYPE_HASH, 4, 8, 64, 0, 1000, 3003, 0660, 33, 10000, 0x04130000, 0xffffffff,
	"/sys/fs/bpf/tmp/map_netd_stats", "/sys/fs/bpf/netd_shared/map_netd_stats", 33,
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, u32);
	__type(value, u64);
} stats SEC(".maps");

SEC("xdp") int counts(void *ctx)
{
	u32 key = 0;

	return bpf_map_lookup_elem(&stats, &key) ? XDP_DROP : XDP_PASS;
}

LICENSE("Apache 2.0");
