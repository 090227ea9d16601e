/* Programs whose verification needs a target or a certain result: iterator,
 * cgroup address, socket lookup, verdict. */
#include "bpf_min.h"

#define PROG(name, section, result) SEC(section) int name(void *ctx) { return result; }

PROG(p_iter, "iter/task", 0)
PROG(p_sk_lookup, "sk_lookup", 1)
PROG(p_bind, "cgroup/bind4", 1)
PROG(p_connect, "cgroup/connect4", 1)
PROG(p_sendmsg, "cgroup/sendmsg6", 1)
PROG(p_sysctl, "cgroup/sysctl", 1)
PROG(p_dev, "cgroup/dev", 1)
PROG(p_getsockopt, "cgroup/getsockopt", 1)
PROG(p_setsockopt, "cgroup/setsockopt", 1)
PROG(p_sock, "cgroup/sock_create", 1)
PROG(p_parser, "sk_skb/stream_parser", 0)
PROG(p_verdict, "sk_skb/stream_verdict", 1)
PROG(p_msg, "sk_msg", 1)
PROG(p_reuseport, "sk_reuseport", 1)

LICENSE("GPL");
