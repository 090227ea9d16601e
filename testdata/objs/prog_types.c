/* Many small programs: section names give type, attach type and target, a
 * leading question mark says not to load (aliases and targets of the newest
 * libbpf). */
#include "bpf_min.h"

#define PROG(name, section) SEC(section) int name(void *ctx) { return 0; }

PROG(p_xdp, "xdp")
PROG(p_xdp_frags, "xdp.frags")
PROG(p_xdp_cpumap, "xdp/cpumap")
PROG(p_tc, "tc")
PROG(p_classifier, "classifier")
PROG(p_action, "action")
PROG(p_tcx, "tcx/ingress")
PROG(p_socket, "socket")
PROG(p_egress, "cgroup_skb/egress")
PROG(p_sockops, "sockops")
PROG(p_tracepoint, "tracepoint/syscalls/sys_enter_openat")
PROG(p_tp, "tp/sched/sched_switch")
PROG(p_kprobe, "kprobe/do_nanosleep")
PROG(p_kretprobe, "kretprobe/do_nanosleep")
PROG(p_ksyscall, "ksyscall/nanosleep")
PROG(p_uprobe, "uprobe//bin/sh:main+0x10")
PROG(p_raw_tp, "raw_tp/sys_enter")
PROG(p_raw_tracepoint, "raw_tracepoint/sys_exit")
PROG(p_tp_btf, "tp_btf/sched_switch")
PROG(p_perf, "perf_event")
PROG(p_lwt, "lwt_in")
PROG(p_flow, "flow_dissector")
PROG(p_syscall, "syscall")
PROG(p_optional, "?kprobe/no_such_function")
PROG(p_optional_xdp, "?xdp")

LICENSE("GPL");
