/* Programs that go onto a kernel function: entry, exit, LSM hook, changed result,
 * and the sleepable kinds. Not every kernel is built for them. */
#include "bpf_min.h"

#define PROG(name, section) SEC(section) int name(void *ctx) { return 0; }

PROG(p_fentry, "fentry/do_nanosleep")
PROG(p_fexit, "fexit/do_nanosleep")
PROG(p_sleepable, "fentry.s/__x64_sys_nanosleep")
PROG(p_lsm, "lsm/file_open")
PROG(p_lsm_sleepable, "lsm.s/file_open")
PROG(p_modify, "fmod_ret/security_file_open")

LICENSE("GPL");
