/* Programs that trace the kernel, each with a target that Linux has had since 6.1 at
 * the latest: what is read of the arguments is checked against the kernel's types. */
#include "bpf_min.h"

SEC("fentry/do_nanosleep") int enters(u64 *ctx) { return ctx[1] & 0; }
SEC("fexit/do_nanosleep") int leaves(u64 *ctx) { return ctx[2] & 0; }
SEC("fentry/vmlinux:do_nanosleep") int enters_vmlinux(u64 *ctx) { return 0; }
SEC("fmod_ret/security_file_open") int changes(u64 *ctx) { return 0; }
SEC("lsm/file_open") int hook(u64 *ctx) { return 0; }
SEC("lsm.s/file_open") int hook_sleeps(u64 *ctx) { return 0; }
SEC("tp_btf/sched_switch") int switches(u64 *ctx) { return ctx[0] & 0; }
SEC("raw_tp/sched_switch") int switches_raw(u64 *ctx) { return ctx[0] & 0; }
SEC("tp/sched/sched_switch") int switches_tp(u64 *ctx) { return ctx[1] & 0; }
SEC("kprobe/do_nanosleep") int probes(u64 *ctx) { return ctx[14] & 0; }
SEC("kretprobe/do_nanosleep") int probes_return(u64 *ctx) { return 0; }
SEC("kprobe.multi/do_nano*") int probes_many(u64 *ctx) { return 0; }
SEC("uprobe.s//bin/sh:main") int probes_user(u64 *ctx) { return 0; }
SEC("iter.s/task") int every_task(void *ctx) { return 0; }

LICENSE("GPL");
