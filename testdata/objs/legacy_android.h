/* Android's struct bpf_map_def since T, 120 bytes. */
#ifndef LEGACY_ANDROID_H
#define LEGACY_ANDROID_H
#include "bpf_min.h"

struct bpf_map_def {
	u32 type, key_size, value_size, max_entries, map_flags, zero, gid, mode;
	u32 bpfloader_min_ver, bpfloader_max_ver, min_kver, max_kver;
	char selinux_context[32], pin_subdir[32];
	bool shared;
	bool ignore_on_eng : 1, ignore_on_user : 1, ignore_on_userdebug : 1, ignore_on_arm32 : 1;
	bool ignore_on_aarch64 : 1, ignore_on_x86_32 : 1, ignore_on_x86_64 : 1, ignore_on_riscv64 : 1;
	char pad0[2];
	u32 uid;
};

#define KVER(a, b, c) (((a) << 24) + ((b) << 16) + (c))
#endif
