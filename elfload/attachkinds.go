package elfload

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/cilium/ebpf"
)

// placeKind is how a place is looked up before anything is created.
type placeKind uint8

const (
	placeNone      placeKind = iota // the kernel is told a name, or it is known since the load
	placeInterface                  // a network interface's name
	placeCgroup                     // a directory of a cgroup2 file system
	placeNetNS                      // a file, a name of `ip netns`, or self
	placeMap                        // a map of the object
)

// linkKind is one way to attach a program: KIND of AttachTo.Target.
type linkKind struct {
	name string
	// form is what PLACE looks like; "" where the place is fixed when the program
	// is loaded, so that AttachTo cannot name one.
	form    string
	summary string
	place   placeKind
	types   []ebpf.ProgramType
	// attach are the attach types that a program may have been loaded with; nil
	// allows any, noAttach none at all.
	attach []ebpf.AttachType
	// as is the attach type that the link is made with, where it is not the
	// program's own.
	as    ebpf.AttachType
	check func(place string) error
}

// noAttach in linkKind.attach is a program without an attach type.
const noAttach = ^ebpf.AttachType(0)

var (
	classifiers = []ebpf.ProgramType{ebpf.SchedCLS}
	kprobes     = []ebpf.ProgramType{ebpf.Kprobe}
	unattached  = []ebpf.AttachType{noAttach}
)

// linkKinds is every way to attach; one row, one way. Names are those of section
// names where there are such.
var linkKinds = [...]linkKind{
	{name: "xdp", form: "INTERFACE", summary: "XDP in the driver if it can, else generic", place: placeInterface, types: []ebpf.ProgramType{ebpf.XDP}, attach: []ebpf.AttachType{noAttach, ebpf.AttachXDP}, as: ebpf.AttachXDP},
	{name: "xdp-native", form: "INTERFACE", summary: "XDP in the driver", place: placeInterface, types: []ebpf.ProgramType{ebpf.XDP}, attach: []ebpf.AttachType{noAttach, ebpf.AttachXDP}, as: ebpf.AttachXDP},
	{name: "xdp-generic", form: "INTERFACE", summary: "XDP in the network stack", place: placeInterface, types: []ebpf.ProgramType{ebpf.XDP}, attach: []ebpf.AttachType{noAttach, ebpf.AttachXDP}, as: ebpf.AttachXDP},
	{name: "xdp-offload", form: "INTERFACE", summary: "XDP on the device (--offload)", place: placeInterface, types: []ebpf.ProgramType{ebpf.XDP}, attach: []ebpf.AttachType{noAttach, ebpf.AttachXDP}, as: ebpf.AttachXDP},
	{name: "tcx-ingress", form: "INTERFACE", summary: "classifiers on what comes in (Linux 6.6)", place: placeInterface, types: classifiers, as: ebpf.AttachTCXIngress},
	{name: "tcx-egress", form: "INTERFACE", summary: "classifiers on what goes out (Linux 6.6)", place: placeInterface, types: classifiers, as: ebpf.AttachTCXEgress},
	{name: "netkit-primary", form: "INTERFACE", summary: "classifiers on a netkit device's primary end (Linux 6.7)", place: placeInterface, types: classifiers, as: ebpf.AttachNetkitPrimary},
	{name: "netkit-peer", form: "INTERFACE", summary: "classifiers on a netkit device's other end, named by its primary one", place: placeInterface, types: classifiers, as: ebpf.AttachNetkitPeer},
	{name: "cgroup", form: "DIRECTORY", summary: "cgroup, sockops and lsm_cgroup programs", place: placeCgroup, types: []ebpf.ProgramType{ebpf.CGroupSKB, ebpf.CGroupSock, ebpf.CGroupSockAddr,
		ebpf.SockOps, ebpf.CGroupDevice, ebpf.CGroupSysctl, ebpf.CGroupSockopt, ebpf.LSM}, attach: cgroupAttach()},
	{name: "cgroup-ingress", form: "DIRECTORY", summary: "cgroup_skb on what comes in", place: placeCgroup, types: []ebpf.ProgramType{ebpf.CGroupSKB}, attach: []ebpf.AttachType{noAttach, ebpf.AttachCGroupInetIngress}, as: ebpf.AttachCGroupInetIngress},
	{name: "cgroup-egress", form: "DIRECTORY", summary: "cgroup_skb on what goes out", place: placeCgroup, types: []ebpf.ProgramType{ebpf.CGroupSKB}, attach: []ebpf.AttachType{noAttach, ebpf.AttachCGroupInetEgress}, as: ebpf.AttachCGroupInetEgress},
	{name: "netns", form: "FILE|NAME|self", summary: "sk_lookup and flow dissectors of a network namespace", place: placeNetNS, types: []ebpf.ProgramType{ebpf.SkLookup, ebpf.FlowDissector}},
	{name: "netfilter", form: "FAMILY:HOOK:PRIORITY", summary: "ipv4 or ipv6; prerouting, input, forward, output or postrouting (Linux 6.4)", types: []ebpf.ProgramType{ebpf.Netfilter},
		check: func(s string) error { _, err := parseNetfilter(s); return err }},
	{name: "sockmap", form: "MAP", summary: "sk_skb and sk_msg programs of a sockmap or sockhash (Linux 6.10)", place: placeMap, types: []ebpf.ProgramType{ebpf.SkSKB, ebpf.SkMsg},
		attach: []ebpf.AttachType{ebpf.AttachSkSKBStreamParser, ebpf.AttachSkSKBStreamVerdict, ebpf.AttachSkSKBVerdict, ebpf.AttachSkMsgVerdict}},
	{name: "iter", form: "MAP", summary: "iterators over a map's elements; others need no place", place: placeMap, types: []ebpf.ProgramType{ebpf.Tracing}, attach: []ebpf.AttachType{ebpf.AttachTraceIter}},
	{name: "tracepoint", form: "GROUP/EVENT", summary: "tracepoints", types: []ebpf.ProgramType{ebpf.TracePoint}, check: checkTracepoint},
	{name: "raw_tracepoint", form: "EVENT", summary: "raw tracepoints", types: []ebpf.ProgramType{ebpf.RawTracepoint, ebpf.RawTracepointWritable}},
	{name: "kprobe", form: "FUNCTION[+OFFSET]", summary: "kernel functions", types: kprobes, attach: unattached, check: checkFunction},
	{name: "kretprobe", form: "FUNCTION", summary: "their returns", types: kprobes, attach: unattached, check: checkFunction},
	{name: "ksyscall", form: "CALL", summary: "system calls, by the kernel's name without prefix", types: kprobes, attach: unattached},
	{name: "kretsyscall", form: "CALL", summary: "their returns", types: kprobes, attach: unattached},
	{name: "kprobe.multi", form: "FUNCTION", summary: "kernel functions by a pattern with * and ? (Linux 5.18)", types: kprobes, attach: []ebpf.AttachType{ebpf.AttachTraceKprobeMulti}},
	{name: "kretprobe.multi", form: "FUNCTION", summary: "their returns", types: kprobes, attach: []ebpf.AttachType{ebpf.AttachTraceKprobeMulti}},
	{name: "kprobe.session", form: "FUNCTION", summary: "both", types: kprobes, attach: []ebpf.AttachType{ebpf.AttachTraceKprobeSession}},
	{name: "uprobe", form: "FILE:FUNCTION[+OFFSET]", summary: "functions of programs and libraries", types: kprobes, attach: unattached, check: checkUserFunction},
	{name: "uretprobe", form: "FILE:FUNCTION", summary: "their returns", types: kprobes, attach: unattached, check: checkUserFunction},
	{name: "uprobe.multi", form: "FILE:FUNCTION", summary: "the same with one link of the newer kind (Linux 6.6)", types: kprobes, attach: []ebpf.AttachType{ebpf.AttachTraceUprobeMulti}, check: checkUserFunction},
	{name: "uretprobe.multi", form: "FILE:FUNCTION", summary: "their returns", types: kprobes, attach: []ebpf.AttachType{ebpf.AttachTraceUprobeMulti}, check: checkUserFunction},

	// These have had their place since they were loaded.
	{name: "tracing", summary: "fentry, fexit, fmod_ret, fsession and tp_btf", types: []ebpf.ProgramType{ebpf.Tracing}},
	{name: "lsm", summary: "security hooks", types: []ebpf.ProgramType{ebpf.LSM}, attach: []ebpf.AttachType{ebpf.AttachLSMMac}},
	{name: "freplace", summary: "functions of other programs", types: []ebpf.ProgramType{ebpf.Extension}},
	{name: kindStructOps, summary: "struct_ops maps"},
}

const kindStructOps = "struct_ops"

// cgroupAttach are the attach types of links to cgroups.
func cgroupAttach() []ebpf.AttachType {
	return []ebpf.AttachType{ebpf.AttachCGroupInetIngress, ebpf.AttachCGroupInetEgress, ebpf.AttachCGroupInetSockCreate, ebpf.AttachCgroupInetSockRelease,
		ebpf.AttachCGroupSockOps, ebpf.AttachCGroupDevice, ebpf.AttachCGroupInet4Bind, ebpf.AttachCGroupInet6Bind, ebpf.AttachCGroupInet4Connect,
		ebpf.AttachCGroupInet6Connect, ebpf.AttachCgroupUnixConnect, ebpf.AttachCGroupInet4PostBind, ebpf.AttachCGroupInet6PostBind,
		ebpf.AttachCGroupUDP4Sendmsg, ebpf.AttachCGroupUDP6Sendmsg, ebpf.AttachCgroupUnixSendmsg, ebpf.AttachCGroupUDP4Recvmsg,
		ebpf.AttachCGroupUDP6Recvmsg, ebpf.AttachCgroupUnixRecvmsg, ebpf.AttachCgroupInet4GetPeername, ebpf.AttachCgroupInet6GetPeername,
		ebpf.AttachCgroupUnixGetpeername, ebpf.AttachCgroupInet4GetSockname, ebpf.AttachCgroupInet6GetSockname, ebpf.AttachCgroupUnixGetsockname,
		ebpf.AttachCGroupSysctl, ebpf.AttachCGroupGetsockopt, ebpf.AttachCGroupSetsockopt, ebpf.AttachLSMCgroup}
}

// AttachKind is one KIND of AttachTo.Target.
type AttachKind struct {
	Name    string
	Form    string // of PLACE
	Summary string
}

// AttachKinds lists them, in the order in which the documentation has them.
func AttachKinds() []AttachKind {
	var out []AttachKind
	for i := range linkKinds {
		if k := &linkKinds[i]; k.form != "" {
			out = append(out, AttachKind{k.name, k.form, k.summary})
		}
	}
	return out
}

// AttachKindsOf are those that a program of that type can have.
func AttachKindsOf(def *ProgramDef) []AttachKind {
	p := &PlannedProgram{ProgramDef: *def}
	var out []AttachKind
	for i := range linkKinds {
		if k := &linkKinds[i]; k.form != "" && k.fits(p) {
			out = append(out, AttachKind{k.name, k.form, k.summary})
		}
	}
	return out
}

// linkKindNamed is nil for a name that is none.
func linkKindNamed(name string) *linkKind {
	for i := range linkKinds {
		if linkKinds[i].name == name {
			return &linkKinds[i]
		}
	}
	return nil
}

// fits tells whether a program of that type can be attached so.
func (k *linkKind) fits(p *PlannedProgram) bool {
	if !slices.Contains(k.types, ebpf.ProgramType(p.Type)) {
		return false
	}
	have := noAttach
	if p.HasAttachType {
		have = ebpf.AttachType(p.AttachType)
	}
	return k.attach == nil || slices.Contains(k.attach, have)
}

// attachType is what the link is made with.
func (k *linkKind) attachType(p *PlannedProgram) uint32 {
	if k.as != 0 || slices.Contains(k.attach, noAttach) {
		return uint32(k.as)
	}
	return p.AttachType
}

// fittingForms are the targets that a program can be attached to, as text.
func fittingForms(p *PlannedProgram) []string {
	var out []string
	for _, k := range AttachKindsOf(&p.ProgramDef) {
		out = append(out, k.Name+":"+k.Form)
	}
	return out
}

// sectionKinds are the section names that say where their programs are attached:
// the name in libbpf's table, without .s, and the kind.
var sectionKinds = map[string]string{
	"tracepoint": "tracepoint", "tp": "tracepoint",
	"raw_tracepoint": "raw_tracepoint", "raw_tp": "raw_tracepoint", "raw_tracepoint.w": "raw_tracepoint", "raw_tp.w": "raw_tracepoint",
	"tp_btf": "tracing", "fentry": "tracing", "fexit": "tracing", "fmod_ret": "tracing", "fsession": "tracing",
	"lsm": "lsm", "freplace": "freplace", "iter": "iter",
	"kprobe": "kprobe", "kretprobe": "kretprobe", "ksyscall": "ksyscall", "kretsyscall": "kretsyscall",
	"kprobe.multi": "kprobe.multi", "kretprobe.multi": "kretprobe.multi", "kprobe.session": "kprobe.session",
	"uprobe": "uprobe", "uretprobe": "uretprobe", "uprobe.multi": "uprobe.multi", "uretprobe.multi": "uretprobe.multi",
}

// mapIterators are those whose link needs a map.
var mapIterators = [...]string{"bpf_map_elem", "bpf_sk_storage_map", "sockmap"}

// sectionPlace is where the program's section says that it is attached; false
// where it does not say, or not all.
func sectionPlace(p *PlannedProgram) (kind *linkKind, place string, ok bool) {
	kind = linkKindNamed(sectionKinds[strings.TrimSuffix(p.SectionType.Name, ".s")])
	switch {
	case kind == nil:
		return nil, "", false
	case kind.name == "freplace":
		return kind, p.AttachTo, p.AttachProg != ""
	case kind.name == "iter" && slices.Contains(mapIterators[:], p.AttachTo):
		return nil, "", false
	case p.AttachTo == "" || kind.check != nil && kind.check(p.AttachTo) != nil:
		return nil, "", false
	}
	return kind, p.AttachTo, true
}

func checkTracepoint(s string) error {
	group, event, ok := strings.Cut(s, "/")
	if !ok || group == "" || event == "" || strings.ContainsAny(event, "/") {
		return fmt.Errorf("%q is not GROUP/EVENT", s)
	}
	return nil
}

// splitOffset is FUNCTION[+OFFSET]; the offset may be hexadecimal.
func splitOffset(s string) (function string, offset uint64, err error) {
	function, text, ok := strings.Cut(s, "+")
	if ok {
		offset, err = strconv.ParseUint(text, 0, 64)
	}
	if err != nil || function == "" {
		return "", 0, fmt.Errorf("%q is not FUNCTION[+OFFSET]", s)
	}
	return function, offset, nil
}

func checkFunction(s string) error {
	_, _, err := splitOffset(s)
	return err
}

// splitUserFunction is FILE:FUNCTION[+OFFSET].
func splitUserFunction(s string) (file, function string, offset uint64, err error) {
	colon := strings.LastIndexByte(s, ':')
	if colon <= 0 {
		return "", "", 0, fmt.Errorf("%q is not FILE:FUNCTION[+OFFSET]", s)
	}
	function, offset, err = splitOffset(s[colon+1:])
	return s[:colon], function, offset, err
}

func checkUserFunction(s string) error {
	_, _, _, err := splitUserFunction(s)
	return err
}

// netfilterPlace is FAMILY:HOOK:PRIORITY in numbers: enum nf_inet_hooks and
// NFPROTO_* of linux/netfilter.h.
type netfilterPlace struct {
	family, hook uint32
	priority     int32
}

func parseNetfilter(s string) (n netfilterPlace, err error) {
	f := strings.Split(s, ":")
	if len(f) != 3 {
		return n, fmt.Errorf("%q is not FAMILY:HOOK:PRIORITY", s)
	}
	switch f[0] {
	case "ipv4":
		n.family = 2
	case "ipv6":
		n.family = 10
	default:
		return n, fmt.Errorf("family %q is neither ipv4 nor ipv6", f[0])
	}
	hooks := []string{"prerouting", "input", "forward", "output", "postrouting"}
	hook := slices.Index(hooks, f[1])
	if hook < 0 {
		return n, fmt.Errorf("hook %q is none of %v", f[1], hooks)
	}
	priority, err := strconv.ParseInt(f[2], 10, 32)
	if err != nil {
		return n, fmt.Errorf("priority %q is no number", f[2])
	}
	n.hook, n.priority = uint32(hook), int32(priority)
	return n, nil
}
