/* Section names that libbpf 1.8 brought, for Linux 7.2: sleepable tracepoints, and
 * programs for many functions, whose targets are patterns that nobody looks up
 * before they are attached. */
#include "bpf_min.h"

#define PROG(name, section) SEC(section) int name(void *ctx) { return 0; }

PROG(p_tp, "tp.s/syscalls/sys_enter_getcwd")
PROG(p_raw_tp, "raw_tp.s/sys_enter")
PROG(p_tp_btf, "tp_btf.s/sys_enter")
PROG(p_fentry, "fentry.multi/bpf_fentry_test*")
PROG(p_fexit, "fexit.multi.s/bpf_fentry_test1")
PROG(p_fsession, "fsession.multi")

LICENSE("GPL");
