/* Android's constant definitions of 120 bytes: owner, gates, pin directory (T14;
 * L90, L93, L94). */
#include "legacy_android.h"

const struct bpf_map_def SEC("maps") stats = {
	.type = BPF_MAP_TYPE_HASH, .key_size = 4, .value_size = 8, .max_entries = 64,
	.gid = 3003, .mode = 0660, .bpfloader_min_ver = 0, .bpfloader_max_ver = 0x10000,
	.min_kver = KVER(4, 14, 0), .max_kver = 0xffffffff, .uid = 1000,
};
const struct bpf_map_def SEC("maps") common = {
	.type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 8, .max_entries = 4,
	.mode = 0600, .bpfloader_max_ver = 0x10000, .max_kver = KVER(4, 9, 0),
	.selinux_context = "fs_bpf_net", .pin_subdir = "net_shared/", .shared = 1,
	.ignore_on_user = 1, .ignore_on_riscv64 = 1,
};

u32 SEC("size_of_bpf_map_def") size_of_map_def = sizeof(struct bpf_map_def);
char SEC("critical") is_critical[] = "netd";
u32 SEC("bpfloader_min_ver") min_ver = 13;

SEC("skfilter/egress") int counts(void *ctx)
{
	u32 key = 0;

	return bpf_map_lookup_elem((void *)&stats, &key) && bpf_map_lookup_elem((void *)&common, &key) ? 1 : 0;
}

LICENSE("Apache 2.0");
