package progs

// enum bpf_prog_type, for the tables here.
const (
	typeUnspec = iota
	typeSocketFilter
	typeKprobe
	typeSchedCLS
	typeSchedACT
	typeTracepoint
	typeXDP
	typePerfEvent
	typeCgroupSKB
	typeCgroupSock
	typeLWTIn
	typeLWTOut
	typeLWTXmit
	typeSockOps
	typeSkSKB
	typeCgroupDevice
	typeSkMsg
	typeRawTracepoint
	typeCgroupSockAddr
	typeLWTSeg6local
	typeLircMode2
	typeSkReuseport
	typeFlowDissector
	typeCgroupSysctl
	typeRawTracepointWritable
	typeCgroupSockopt
	typeTracing
	typeStructOps
	typeExt
	typeLSM
	typeSkLookup
	typeSyscall
	typeNetfilter
)

// typeNames are the names that libbpf and bpftool use, by number.
var typeNames = [...]string{
	"unspec", "socket_filter", "kprobe", "sched_cls", "sched_act", "tracepoint", "xdp", "perf_event", "cgroup_skb",
	"cgroup_sock", "lwt_in", "lwt_out", "lwt_xmit", "sock_ops", "sk_skb", "cgroup_device", "sk_msg", "raw_tracepoint",
	"cgroup_sock_addr", "lwt_seg6local", "lirc_mode2", "sk_reuseport", "flow_dissector", "cgroup_sysctl",
	"raw_tracepoint_writable", "cgroup_sockopt", "tracing", "struct_ops", "ext", "lsm", "sk_lookup", "syscall", "netfilter",
}

// enum bpf_attach_type, for the tables here. BPF_TRACE_UPROBE_SESSION came with
// Linux 6.13, BPF_TRACE_FSESSION with 7.0.
const (
	attachCgroupInetIngress = iota
	attachCgroupInetEgress
	attachCgroupInetSockCreate
	attachCgroupSockOps
	attachSkSKBStreamParser
	attachSkSKBStreamVerdict
	attachCgroupDevice
	attachSkMsgVerdict
	attachCgroupInet4Bind
	attachCgroupInet6Bind
	attachCgroupInet4Connect
	attachCgroupInet6Connect
	attachCgroupInet4PostBind
	attachCgroupInet6PostBind
	attachCgroupUDP4Sendmsg
	attachCgroupUDP6Sendmsg
	attachLircMode2
	attachFlowDissector
	attachCgroupSysctl
	attachCgroupUDP4Recvmsg
	attachCgroupUDP6Recvmsg
	attachCgroupGetsockopt
	attachCgroupSetsockopt
	attachTraceRawTP
	attachTraceFentry
	attachTraceFexit
	attachModifyReturn
	attachLSMMac
	attachTraceIter
	attachCgroupInet4Getpeername
	attachCgroupInet6Getpeername
	attachCgroupInet4Getsockname
	attachCgroupInet6Getsockname
	attachXDPDevmap
	attachCgroupInetSockRelease
	attachXDPCpumap
	attachSkLookup
	attachXDP
	attachSkSKBVerdict
	attachSkReuseportSelect
	attachSkReuseportSelectOrMigrate
	attachPerfEvent
	attachTraceKprobeMulti
	attachLSMCgroup
	attachStructOps
	attachNetfilter
	attachTCXIngress
	attachTCXEgress
	attachTraceUprobeMulti
	attachCgroupUnixConnect
	attachCgroupUnixSendmsg
	attachCgroupUnixRecvmsg
	attachCgroupUnixGetpeername
	attachCgroupUnixGetsockname
	attachNetkitPrimary
	attachNetkitPeer
	attachTraceKprobeSession
	attachTraceUprobeSession
	attachTraceFsession
	attachTraceFentryMulti
	attachTraceFexitMulti
	attachTraceFsessionMulti
)

// attachNames are the names that libbpf and bpftool use, by number.
var attachNames = [...]string{
	"cgroup_inet_ingress", "cgroup_inet_egress", "cgroup_inet_sock_create", "cgroup_sock_ops", "sk_skb_stream_parser",
	"sk_skb_stream_verdict", "cgroup_device", "sk_msg_verdict", "cgroup_inet4_bind", "cgroup_inet6_bind",
	"cgroup_inet4_connect", "cgroup_inet6_connect", "cgroup_inet4_post_bind", "cgroup_inet6_post_bind",
	"cgroup_udp4_sendmsg", "cgroup_udp6_sendmsg", "lirc_mode2", "flow_dissector", "cgroup_sysctl", "cgroup_udp4_recvmsg",
	"cgroup_udp6_recvmsg", "cgroup_getsockopt", "cgroup_setsockopt", "trace_raw_tp", "trace_fentry", "trace_fexit",
	"modify_return", "lsm_mac", "trace_iter", "cgroup_inet4_getpeername", "cgroup_inet6_getpeername",
	"cgroup_inet4_getsockname", "cgroup_inet6_getsockname", "xdp_devmap", "cgroup_inet_sock_release", "xdp_cpumap",
	"sk_lookup", "xdp", "sk_skb_verdict", "sk_reuseport_select", "sk_reuseport_select_or_migrate", "perf_event",
	"trace_kprobe_multi", "lsm_cgroup", "struct_ops", "netfilter", "tcx_ingress", "tcx_egress", "trace_uprobe_multi",
	"cgroup_unix_connect", "cgroup_unix_sendmsg", "cgroup_unix_recvmsg", "cgroup_unix_getpeername",
	"cgroup_unix_getsockname", "netkit_primary", "netkit_peer", "trace_kprobe_session", "trace_uprobe_session", "trace_fsession",
	"trace_fentry_multi", "trace_fexit_multi", "trace_fsession_multi",
}

// TypeName is libbpf's name of a program type ("sched_cls"), "" for an unknown one.
func TypeName(typ uint32) string { return nameAt(typeNames[:], typ) }

// AttachTypeName is libbpf's name of an attach type ("xdp_devmap"), "" for an unknown one.
func AttachTypeName(typ uint32) string { return nameAt(attachNames[:], typ) }

func nameAt(names []string, i uint32) string {
	if uint64(i) < uint64(len(names)) {
		return names[i]
	}
	return ""
}
