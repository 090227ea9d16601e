/* Programs that trace the kernel, each with a target that Linux has had since 6.1 at
 * the latest: what is read of the arguments is checked against the kernel's types.
 * Each counts in its element of hits, in the order in which they stand here. */
#include "bpf_min.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 16);
	__type(key, u32);
	__type(value, u64);
} hits SEC(".maps");

INLINE int count(u32 which, u64 argument)
{
	u64 *n = bpf_map_lookup_elem(&hits, &which);

	if (n)
		__sync_fetch_and_add(n, argument == 12345 ? 2 : 1);
	return 0;
}

SEC("fentry/do_nanosleep") int enters(u64 *ctx) { return count(0, ctx[1]); }
SEC("fexit/do_nanosleep") int leaves(u64 *ctx) { return count(1, ctx[2]); }
SEC("fentry/vmlinux:do_nanosleep") int enters_vmlinux(u64 *ctx) { return count(2, 0); }
SEC("fmod_ret/security_file_open") int changes(u64 *ctx) { return count(3, 0); }
SEC("lsm/file_open") int hook(u64 *ctx) { return count(4, 0); }
SEC("lsm.s/file_open") int hook_sleeps(u64 *ctx) { return count(5, 0); }
SEC("tp_btf/sched_switch") int switches(u64 *ctx) { return count(6, ctx[0]); }
SEC("raw_tp/sched_switch") int switches_raw(u64 *ctx) { return count(7, ctx[0]); }
SEC("tp/sched/sched_switch") int switches_tp(u64 *ctx) { return count(8, ctx[1]); }
SEC("kprobe/do_nanosleep") int probes(u64 *ctx) { return count(9, ctx[14]); }
SEC("kretprobe/do_nanosleep") int probes_return(u64 *ctx) { return count(10, 0); }
SEC("kprobe.multi/do_nano*") int probes_many(u64 *ctx) { return count(11, 0); }
SEC("uprobe.s//bin/sh:main") int probes_user(u64 *ctx) { return count(12, 0); }
SEC("iter.s/task") int every_task(void *ctx) { return count(13, 0); }

LICENSE("GPL");
