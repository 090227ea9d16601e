package bpfsys

// Values of enum bpf_prog_type that code here needs by name.
const (
	progSocketFilter = 1
	progKprobe       = 2
	progTracing      = 26
	progStructOps    = 27
	progExt          = 28
	progLSM          = 29
)

// progKinds is as mapKinds; since 5.8 every type but the two without needs asks
// for CAP_BPF and, where packets or tracing are concerned, one more
// (is_net_admin_prog_type, is_perfmon_prog_type in kernel/bpf/syscall.c).
var progKinds = [...]kind{
	0:                {name: "unspec"},
	progSocketFilter: {"socket_filter", "3.19", nil},
	progKprobe:       {"kprobe", "4.1", needPerfmon},
	3:                {"sched_cls", "4.1", needNetAdmin},
	4:                {"sched_act", "4.1", needNetAdmin},
	5:                {"tracepoint", "4.7", needPerfmon},
	6:                {"xdp", "4.8", needNetAdmin},
	7:                {"perf_event", "4.9", needPerfmon},
	8:                {"cgroup_skb", "4.10", nil},
	9:                {"cgroup_sock", "4.10", needNetAdmin},
	10:               {"lwt_in", "4.10", needNetAdmin},
	11:               {"lwt_out", "4.10", needNetAdmin},
	12:               {"lwt_xmit", "4.10", needNetAdmin},
	13:               {"sock_ops", "4.13", needNetAdmin},
	14:               {"sk_skb", "4.14", needNetAdmin},
	15:               {"cgroup_device", "4.15", needNetAdmin},
	16:               {"sk_msg", "4.17", needNetAdmin},
	17:               {"raw_tracepoint", "4.17", needPerfmon},
	18:               {"cgroup_sock_addr", "4.17", needNetAdmin},
	19:               {"lwt_seg6local", "4.18", needNetAdmin},
	20:               {"lirc_mode2", "4.18", needBPF},
	21:               {"sk_reuseport", "4.19", needBPF},
	22:               {"flow_dissector", "4.20", needNetAdmin},
	23:               {"cgroup_sysctl", "5.2", needNetAdmin},
	24:               {"raw_tracepoint_writable", "5.2", needPerfmon},
	25:               {"cgroup_sockopt", "5.3", needNetAdmin},
	progTracing:      {"tracing", "5.5", needPerfmon},
	progStructOps:    {"struct_ops", "5.6", needPerfmon},
	progExt:          {"ext", "5.6", needEverything},
	progLSM:          {"lsm", "5.7", needPerfmon},
	30:               {"sk_lookup", "5.9", needBPF},
	31:               {"syscall", "5.14", needBPF},
	32:               {"netfilter", "6.4", needNetAdmin},
}

// ProgTypeName is the type's name as libbpf and bpftool write it ("sched_cls"),
// "" for a type that this package does not know.
func ProgTypeName(typ uint32) string { return kindOf(progKinds[:], typ).name }

// ProgTypeByName is the inverse of ProgTypeName.
func ProgTypeByName(name string) (typ uint32, ok bool) { return kindNamed(progKinds[:], name) }

// ProgTypeSince is the Linux release that brought the type, "" if unknown.
func ProgTypeSince(typ uint32) string { return kindOf(progKinds[:], typ).since }
