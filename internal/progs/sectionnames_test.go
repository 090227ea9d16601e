package progs

import (
	"strings"
	"testing"

	"github.com/cilium/ebpf"
)

// TestSectionNames has one row per kind of fact: what the name says is compared
// with the numbers that cilium/ebpf took from linux/bpf.h.
func TestSectionNames(t *testing.T) {
	type typ = ebpf.ProgramType
	const none = ebpf.AttachType(0xffff)
	tests := []struct {
		name   string
		typ    typ
		attach ebpf.AttachType
		to     string
		btf    AttachBTF
		flags  uint32
	}{
		{"socket", ebpf.SocketFilter, none, "", 0, 0},
		{"sk_reuseport", ebpf.SkReuseport, ebpf.AttachSkReuseportSelect, "", 0, 0},
		{"sk_reuseport/migrate", ebpf.SkReuseport, ebpf.AttachSkReuseportSelectOrMigrate, "", 0, 0},
		{"kprobe", ebpf.Kprobe, none, "", 0, 0},
		{"kprobe/", ebpf.Kprobe, none, "", 0, 0},
		{"kprobe/sys_openat", ebpf.Kprobe, none, "sys_openat", 0, 0},
		{"kretprobe/f", ebpf.Kprobe, none, "f", 0, 0},
		{"kprobe.multi/f*", ebpf.Kprobe, ebpf.AttachTraceKprobeMulti, "f*", 0, 0},
		{"kretprobe.multi", ebpf.Kprobe, ebpf.AttachTraceKprobeMulti, "", 0, 0},
		{"kprobe.session/f", ebpf.Kprobe, ebpf.AttachTraceKprobeSession, "f", 0, 0},
		{"uprobe//bin/sh:main+4", ebpf.Kprobe, none, "/bin/sh:main+4", 0, 0},
		{"uprobe.s/x:y", ebpf.Kprobe, none, "x:y", 0, FlagSleepable},
		{"uretprobe.s", ebpf.Kprobe, none, "", 0, FlagSleepable},
		{"uprobe.multi", ebpf.Kprobe, ebpf.AttachTraceUprobeMulti, "", 0, 0},
		{"uretprobe.multi.s", ebpf.Kprobe, ebpf.AttachTraceUprobeMulti, "", 0, FlagSleepable},
		{"uprobe.session.s/x:y", ebpf.Kprobe, ebpf.AttachType(57), "x:y", 0, FlagSleepable},
		{"ksyscall/openat", ebpf.Kprobe, none, "openat", 0, 0},
		{"kretsyscall/openat", ebpf.Kprobe, none, "openat", 0, 0},
		{"usdt/./a:b:c", ebpf.Kprobe, none, "./a:b:c", 0, 0},
		{"usdt.s", ebpf.Kprobe, none, "", 0, FlagSleepable},
		{"tc", ebpf.SchedCLS, none, "", 0, 0},
		{"tc/ingress", ebpf.SchedCLS, ebpf.AttachTCXIngress, "", 0, 0},
		{"tcx/egress", ebpf.SchedCLS, ebpf.AttachTCXEgress, "", 0, 0},
		{"netkit/primary", ebpf.SchedCLS, ebpf.AttachNetkitPrimary, "", 0, 0},
		{"netkit/peer", ebpf.SchedCLS, ebpf.AttachNetkitPeer, "", 0, 0},
		{"classifier", ebpf.SchedCLS, none, "", 0, 0},
		{"action", ebpf.SchedACT, none, "", 0, 0},
		{"tracepoint/syscalls/sys_enter_openat", ebpf.TracePoint, none, "syscalls/sys_enter_openat", 0, 0},
		{"tp/a/b", ebpf.TracePoint, none, "a/b", 0, 0},
		{"tracepoint.s/syscalls/sys_enter_getcwd", ebpf.TracePoint, none, "syscalls/sys_enter_getcwd", 0, FlagSleepable},
		{"tp.s", ebpf.TracePoint, none, "", 0, FlagSleepable},
		{"raw_tracepoint.s/sys_enter", ebpf.RawTracepoint, none, "sys_enter", 0, FlagSleepable},
		{"raw_tp.s/sys_enter", ebpf.RawTracepoint, none, "sys_enter", 0, FlagSleepable},
		{"raw_tp/sys_enter", ebpf.RawTracepoint, none, "sys_enter", 0, 0},
		{"raw_tracepoint.w/x", ebpf.RawTracepointWritable, none, "x", 0, 0},
		{"tp_btf/sys_enter", ebpf.Tracing, ebpf.AttachTraceRawTp, "sys_enter", AttachRawTP, 0},
		{"tp_btf.s/sys_enter", ebpf.Tracing, ebpf.AttachTraceRawTp, "sys_enter", AttachRawTP, FlagSleepable},
		{"fentry/f", ebpf.Tracing, ebpf.AttachTraceFEntry, "f", AttachFunc, 0},
		{"fexit.s/f", ebpf.Tracing, ebpf.AttachTraceFExit, "f", AttachFunc, FlagSleepable},
		{"fmod_ret/f", ebpf.Tracing, ebpf.AttachModifyReturn, "f", AttachFunc, 0},
		{"fsession/f", ebpf.Tracing, ebpf.AttachType(58), "f", AttachFunc, 0},
		{"fsession.s/f", ebpf.Tracing, ebpf.AttachType(58), "f", AttachFunc, FlagSleepable},
		{"fentry.multi/bpf_fentry_test*", ebpf.Tracing, ebpf.AttachType(59), "bpf_fentry_test*", AttachMulti, 0},
		{"fexit.multi", ebpf.Tracing, ebpf.AttachType(60), "", AttachMulti, 0},
		{"fsession.multi/mod:f*", ebpf.Tracing, ebpf.AttachType(61), "mod:f*", AttachMulti, 0},
		{"fentry.multi.s", ebpf.Tracing, ebpf.AttachType(59), "", AttachMulti, FlagSleepable},
		{"fexit.multi.s/f", ebpf.Tracing, ebpf.AttachType(60), "f", AttachMulti, FlagSleepable},
		{"fsession.multi.s/f", ebpf.Tracing, ebpf.AttachType(61), "f", AttachMulti, FlagSleepable},
		{"freplace/f", ebpf.Extension, none, "f", AttachExtension, 0},
		{"lsm/file_open", ebpf.LSM, ebpf.AttachLSMMac, "file_open", AttachLSMHook, 0},
		{"lsm.s/file_open", ebpf.LSM, ebpf.AttachLSMMac, "file_open", AttachLSMHook, FlagSleepable},
		{"lsm_cgroup/socket_bind", ebpf.LSM, ebpf.AttachLSMCgroup, "socket_bind", AttachLSMHook, 0},
		{"iter/task", ebpf.Tracing, ebpf.AttachTraceIter, "task", AttachIter, 0},
		{"iter.s/task", ebpf.Tracing, ebpf.AttachTraceIter, "task", AttachIter, FlagSleepable},
		{"syscall", ebpf.Syscall, none, "", 0, FlagSleepable},
		{"xdp", ebpf.XDP, ebpf.AttachXDP, "", 0, 0},
		{"xdp.frags", ebpf.XDP, ebpf.AttachXDP, "", 0, FlagXDPHasFrags},
		{"xdp/devmap", ebpf.XDP, ebpf.AttachXDPDevMap, "", 0, 0},
		{"xdp.frags/cpumap", ebpf.XDP, ebpf.AttachXDPCPUMap, "", 0, FlagXDPHasFrags},
		{"perf_event", ebpf.PerfEvent, none, "", 0, 0},
		{"lwt_in", ebpf.LWTIn, none, "", 0, 0},
		{"lwt_out", ebpf.LWTOut, none, "", 0, 0},
		{"lwt_xmit", ebpf.LWTXmit, none, "", 0, 0},
		{"lwt_seg6local", ebpf.LWTSeg6Local, none, "", 0, 0},
		{"sockops", ebpf.SockOps, ebpf.AttachCGroupSockOps, "", 0, 0},
		{"sk_skb", ebpf.SkSKB, none, "", 0, 0},
		{"sk_skb/stream_parser", ebpf.SkSKB, ebpf.AttachSkSKBStreamParser, "", 0, 0},
		{"sk_skb/stream_verdict", ebpf.SkSKB, ebpf.AttachSkSKBStreamVerdict, "", 0, 0},
		{"sk_skb/verdict", ebpf.SkSKB, ebpf.AttachSkSKBVerdict, "", 0, 0},
		{"sk_msg", ebpf.SkMsg, ebpf.AttachSkMsgVerdict, "", 0, 0},
		{"lirc_mode2", ebpf.LircMode2, ebpf.AttachLircMode2, "", 0, 0},
		{"flow_dissector", ebpf.FlowDissector, ebpf.AttachFlowDissector, "", 0, 0},
		{"cgroup_skb/ingress", ebpf.CGroupSKB, ebpf.AttachCGroupInetIngress, "", 0, 0},
		{"cgroup_skb/egress", ebpf.CGroupSKB, ebpf.AttachCGroupInetEgress, "", 0, 0},
		{"cgroup/skb", ebpf.CGroupSKB, none, "", 0, 0},
		{"cgroup/sock", ebpf.CGroupSock, ebpf.AttachCGroupInetSockCreate, "", 0, 0},
		{"cgroup/sock_release", ebpf.CGroupSock, ebpf.AttachCgroupInetSockRelease, "", 0, 0},
		{"cgroup/post_bind6", ebpf.CGroupSock, ebpf.AttachCGroupInet6PostBind, "", 0, 0},
		{"cgroup/bind4", ebpf.CGroupSockAddr, ebpf.AttachCGroupInet4Bind, "", 0, 0},
		{"cgroup/connect_unix", ebpf.CGroupSockAddr, ebpf.AttachCgroupUnixConnect, "", 0, 0},
		{"cgroup/sendmsg6", ebpf.CGroupSockAddr, ebpf.AttachCGroupUDP6Sendmsg, "", 0, 0},
		{"cgroup/recvmsg4", ebpf.CGroupSockAddr, ebpf.AttachCGroupUDP4Recvmsg, "", 0, 0},
		{"cgroup/getpeername_unix", ebpf.CGroupSockAddr, ebpf.AttachCgroupUnixGetpeername, "", 0, 0},
		{"cgroup/getsockname4", ebpf.CGroupSockAddr, ebpf.AttachCgroupInet4GetSockname, "", 0, 0},
		{"cgroup/sysctl", ebpf.CGroupSysctl, ebpf.AttachCGroupSysctl, "", 0, 0},
		{"cgroup/setsockopt", ebpf.CGroupSockopt, ebpf.AttachCGroupSetsockopt, "", 0, 0},
		{"cgroup/dev", ebpf.CGroupDevice, ebpf.AttachCGroupDevice, "", 0, 0},
		{"struct_ops/x", ebpf.StructOps, none, "x", 0, 0},
		{"struct_ops.s", ebpf.StructOps, none, "", 0, FlagSleepable},
		{"sk_lookup", ebpf.SkLookup, ebpf.AttachSkLookup, "", 0, 0},
		{"netfilter", ebpf.Netfilter, ebpf.AttachNetfilter, "", 0, 0},
	}
	for _, tt := range tests {
		want := SectionType{Type: uint32(tt.typ), AttachTo: tt.to, AttachBTF: tt.btf, Flags: tt.flags}
		if tt.attach != none {
			want.AttachType, want.HasAttachType = uint32(tt.attach), true
		}
		for _, name := range []string{tt.name, "?" + tt.name} {
			got, ok := ClassifySection(name)
			got.AttachTypeOptional, got.Name = false, "" // TestSectionTable looks at the name
			if !ok || got != want {
				t.Errorf("%q: %v\n got %+v\nwant %+v", name, ok, got, want)
			}
		}
	}
}

func TestSectionTable(t *testing.T) {
	seen := make(map[string]bool)
	for _, row := range sectionRows {
		if got, ok := ClassifySection(row.name); seen[row.name] || !ok || got.Type != row.typ || got.Name != row.name || got.Legacy {
			t.Errorf("row %q is twice in the table, or hidden by another", row.name)
		}
		seen[row.name] = true
		if got, _ := ClassifySection(row.name + "/x"); (row.flags&extras != 0) != (got.AttachTo == "x" && !got.Legacy) {
			t.Errorf("%q/x: %+v", row.name, got)
		}
	}
	for _, prefix := range legacyRows {
		if !seen[prefix] {
			t.Errorf("legacy prefix %q has no row", prefix)
		}
	}
	for _, name := range []string{"xdp", "sockops", "cgroup/dev", "sk_msg", "cgroup/sock", "cgroup_skb/egress"} {
		if got, _ := ClassifySection(name); !got.AttachTypeOptional {
			t.Errorf("%q: the attach type is not optional", name)
		}
	}
}

// L37: names that libbpf refuses since 1.0.
func TestLegacySectionNames(t *testing.T) {
	tests := []struct {
		name string
		typ  ebpf.ProgramType
		to   string
	}{
		{"socket1", ebpf.SocketFilter, ""}, {"socket/0", ebpf.SocketFilter, "0"}, {"xdp_prog", ebpf.XDP, ""}, {"xdp/foo", ebpf.XDP, "foo"},
		{"cgroup/skb1", ebpf.CGroupSKB, ""}, {"cgroup/sock2", ebpf.CGroupSock, ""}, {"tc_cls", ebpf.SchedCLS, ""},
		{"classifier/a", ebpf.SchedCLS, "a"}, {"sk_skb1", ebpf.SkSKB, ""}, {"sk_skb/stream_parser1", ebpf.SkSKB, ""}, {"sockops/0", ebpf.SockOps, "0"},
		{"actions", 0, ""}, {"tcp", 0, ""}, {"socketx", 0, ""}, {"", 0, ""}, {"skfilter/egress", 0, ""}, {".text", 0, ""}, {"kprobes", 0, ""},
	}
	for _, tt := range tests {
		got, ok := ClassifySection(tt.name)
		if ok != (tt.typ != 0) || got.Type != uint32(tt.typ) || got.Legacy != ok || got.AttachTo != tt.to {
			t.Errorf("%q: %+v, %v", tt.name, got, ok)
		}
	}
}

func TestTypeByName(t *testing.T) {
	tests := []struct {
		name   string
		typ    ebpf.ProgramType
		attach ebpf.AttachType
		has    bool
		to     string
	}{
		{"xdp", ebpf.XDP, ebpf.AttachXDP, true, ""}, {"XDP", ebpf.XDP, ebpf.AttachXDP, true, ""},
		{"sched_cls", ebpf.SchedCLS, 0, false, ""}, {"SchedCLS", ebpf.SchedCLS, 0, false, ""}, {"BPF_PROG_TYPE_SCHED_CLS", ebpf.SchedCLS, 0, false, ""},
		{"socket_filter", ebpf.SocketFilter, 0, false, ""}, {"SocketFilter", ebpf.SocketFilter, 0, false, ""},
		{"kprobe", ebpf.Kprobe, 0, false, ""}, {"tc", ebpf.SchedCLS, 0, false, ""}, {"Extension", ebpf.Extension, 0, false, ""},
		{"ext", ebpf.Extension, 0, false, ""}, {"tracing", ebpf.Tracing, 0, false, ""},
		{"fentry/foo", ebpf.Tracing, ebpf.AttachTraceFEntry, true, "foo"}, {"xdp/devmap", ebpf.XDP, ebpf.AttachXDPDevMap, true, ""},
		{"socket1", ebpf.SocketFilter, 0, false, ""},
	}
	for _, tt := range tests {
		got, ok := TypeByName(tt.name)
		if !ok || got.Type != uint32(tt.typ) || got.AttachType != uint32(tt.attach) || got.HasAttachType != tt.has || got.AttachTo != tt.to {
			t.Errorf("%q: %+v, %v", tt.name, got, ok)
		}
	}
	for _, name := range []string{"", "unspec", "nonsense", "BPF_PROG_TYPE_"} {
		if got, ok := TypeByName(name); ok {
			t.Errorf("%q: %+v", name, got)
		}
	}
}

// The names here are checked against those that cilium/ebpf generates from the
// kernel's header, letters only.
func TestNames(t *testing.T) {
	letters := func(s string) string { return strings.ToLower(strings.ReplaceAll(s, "_", "")) }
	other := map[string]string{"ext": "extension"}
	for i := uint32(1); i < uint32(len(typeNames)); i++ {
		want := letters(ebpf.ProgramType(i).String())
		if got := letters(TypeName(i)); got != want && other[got] != want {
			t.Errorf("type %d: %q, cilium/ebpf has %q", i, got, want)
		}
	}
	for i := uint32(0); i < uint32(len(attachNames)); i++ {
		generated := ebpf.AttachType(i).String()
		if i == 0 || strings.Contains(generated, "(") {
			continue // 0 is "None" there; the newest have no name there
		}
		if got, want := letters(AttachTypeName(i)), letters(generated); got != want {
			t.Errorf("attach type %d: %q, cilium/ebpf has %q", i, got, want)
		}
	}
	if TypeName(1<<31) != "" || AttachTypeName(1<<31) != "" || CoreKindName(13) != "" {
		t.Error("a number out of range has a name")
	}
}

func TestAttachPrefix(t *testing.T) {
	for kind, want := range []string{NoAttachBTF: "", AttachFunc: "", AttachRawTP: "btf_trace_", AttachLSMHook: "bpf_lsm_", AttachIter: "bpf_iter_", AttachExtension: "", AttachMulti: ""} {
		if got := AttachBTF(kind).Prefix(); got != want {
			t.Errorf("%d: %q", kind, got)
		}
	}
}
