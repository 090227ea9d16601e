package progs

import "strings"

// Flags of a row in sectionRows.
const (
	sleepable = 1 << iota // BPF_F_SLEEPABLE
	frags                 // BPF_F_XDP_HAS_FRAGS
	hasAttach             // the attach type counts
	optAttach             // … and may be left out for old kernels
	extras                // "name" or "name/…", not only "name"
)

// sectionRow is one section name.
type sectionRow struct {
	name   string
	typ    uint32
	attach uint32
	flags  uint8
	btf    AttachBTF
}

// ClassifySection tells what a section name, with or without its leading '?',
// says of the programs in it; false when it says nothing. Names match as in
// libbpf (sec_def_matches): whole, or up to a slash where text may follow.
// Names that only the loaders of the first years took ("socket1", "xdp_prog",
// "cgroup/skb1") match the longest of their prefixes and are marked Legacy.
func ClassifySection(name string) (SectionType, bool) {
	name = strings.TrimPrefix(name, string(sectionAutoload))
	for i := range sectionRows {
		row := &sectionRows[i]
		switch rest, ok := strings.CutPrefix(name, row.name); {
		case !ok:
		case rest == "":
			return row.sectionType(""), true
		case rest[0] == '/' && row.flags&extras != 0:
			return row.sectionType(rest[1:]), true
		}
	}
	return legacySection(name)
}

func (row *sectionRow) sectionType(target string) SectionType {
	t := SectionType{Name: row.name, Type: row.typ, AttachType: row.attach, AttachTo: target, AttachBTF: row.btf,
		HasAttachType: row.flags&(hasAttach|optAttach) != 0, AttachTypeOptional: row.flags&optAttach != 0}
	if row.flags&sleepable != 0 {
		t.Flags |= FlagSleepable
	}
	if row.flags&frags != 0 {
		t.Flags |= FlagXDPHasFrags
	}
	return t
}

// legacyRows are the prefixes that loaders before libbpf 1.0 matched (spec L37),
// longest first where one is the beginning of another. Attach types are those of
// sectionRows with the same name.
var legacyRows = [...]string{
	"socket", "sk_reuseport", "kprobe", "kretprobe", "uprobe", "uretprobe", "classifier", "action", "tracepoint",
	"raw_tracepoint", "xdp", "perf_event", "lwt_in", "lwt_out", "lwt_xmit", "lwt_seg6local", "sockops",
	"sk_skb/stream_parser", "sk_skb/stream_verdict", "sk_skb", "sk_msg", "lirc_mode2", "flow_dissector",
	"cgroup_skb/ingress", "cgroup_skb/egress", "cgroup/skb", "cgroup/sock_create", "cgroup/sock_release", "cgroup/sock",
	"cgroup/post_bind4", "cgroup/post_bind6", "cgroup/bind4", "cgroup/bind6", "cgroup/connect4", "cgroup/connect6",
	"cgroup/sendmsg4", "cgroup/sendmsg6", "cgroup/recvmsg4", "cgroup/recvmsg6", "cgroup/sysctl", "cgroup/getsockopt",
	"cgroup/setsockopt", "cgroup/dev", "sk_lookup", "tc",
}

// legacySection matches the prefixes. What follows must not be a letter, so that
// "action" is not found in "actions" nor "tc" in "tcp": a digit, "_", "/", "-", "." or ":".
func legacySection(name string) (SectionType, bool) {
	for _, prefix := range legacyRows {
		rest, ok := strings.CutPrefix(name, prefix)
		if !ok || rest == "" || !strings.ContainsRune("0123456789_/-.:", rune(rest[0])) {
			continue
		}
		t, ok := ClassifySection(prefix)
		if target, ok := strings.CutPrefix(rest, "/"); ok {
			t.AttachTo = target
		}
		t.Legacy = true
		return t, ok
	}
	return SectionType{}, false
}

// TypeByName is the program type that a user means: libbpf's name
// ("sched_cls"), the header's ("BPF_PROG_TYPE_SCHED_CLS"), cilium/ebpf's ("SchedCLS"), or a section name ("tc",
// "fentry/foo"), which may give an attach type, too.
func TypeByName(s string) (t SectionType, ok bool) {
	fold := strings.TrimPrefix(foldName(s), "bpfprogtype")
	for i := 1; i < len(typeNames); i++ {
		if s == typeNames[i] {
			return plainType(uint32(i)), true
		}
	}
	if t, ok = ClassifySection(s); ok && !t.Legacy {
		return t, true
	}
	for i := 1; i < len(typeNames); i++ {
		if fold == foldName(typeNames[i]) {
			return plainType(uint32(i)), true
		}
	}
	if fold == "extension" { // cilium/ebpf's name of ext
		return plainType(typeExt), true
	}
	return t, ok
}

// plainType is a type by its own name, with what the section of that name adds
// ("syscall" is sleepable, "xdp" has an attach type).
func plainType(typ uint32) SectionType {
	if t, ok := ClassifySection(typeNames[typ]); ok && t.Type == typ && !t.Legacy {
		return t
	}
	return SectionType{Type: typ}
}

// foldName drops what differs between the spellings of one name.
func foldName(s string) string { return strings.ToLower(strings.ReplaceAll(s, "_", "")) }
