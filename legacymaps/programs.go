package legacymaps

import (
	"slices"
	"strings"

	"github.com/bpfload/bpfload/internal/mapdef"
)

// sectionRule tells by which section name of the newest libbpf a program of an
// old object gets its type.
type sectionRule struct {
	dialect string // "" is any legacy dialect
	prefix  string
	exact   bool   // nothing may follow the prefix
	section string // replaces the prefix
	rest    bool   // what follows the prefix is kept
}

// DeepFlow (L99) and Android have names of their own; the samples loader, gobpf
// and libbpf up to 0.8 compared prefixes only (L37). Android's are those of
// bpfloader's Loader.cpp.
var sectionRules = [...]sectionRule{
	{dialect: dDeepflow, prefix: "prog/tp/", section: "tp/", rest: true},
	{dialect: dDeepflow, prefix: "prog/kp/", section: "kprobe/", rest: true},
	{dialect: dAndroid, prefix: "bind4/", section: "cgroup/bind4"},
	{dialect: dAndroid, prefix: "bind6/", section: "cgroup/bind6"},
	{dialect: dAndroid, prefix: "cgroupskb/", section: "cgroup/skb"},
	{dialect: dAndroid, prefix: "cgroupsock/", section: "cgroup/sock"},
	{dialect: dAndroid, prefix: "cgroupsockcreate/", section: "cgroup/sock_create"},
	{dialect: dAndroid, prefix: "cgroupsockrelease/", section: "cgroup/sock_release"},
	{dialect: dAndroid, prefix: "connect4/", section: "cgroup/connect4"},
	{dialect: dAndroid, prefix: "connect6/", section: "cgroup/connect6"},
	{dialect: dAndroid, prefix: "egress/", section: "cgroup_skb/egress"},
	{dialect: dAndroid, prefix: "ingress/", section: "cgroup_skb/ingress"},
	{dialect: dAndroid, prefix: "getsockopt/", section: "cgroup/getsockopt"},
	{dialect: dAndroid, prefix: "setsockopt/", section: "cgroup/setsockopt"},
	{dialect: dAndroid, prefix: "lwt_in/", section: "lwt_in"},
	{dialect: dAndroid, prefix: "lwt_out/", section: "lwt_out"},
	{dialect: dAndroid, prefix: "lwt_seg6local/", section: "lwt_seg6local"},
	{dialect: dAndroid, prefix: "lwt_xmit/", section: "lwt_xmit"},
	{dialect: dAndroid, prefix: "postbind4/", section: "cgroup/post_bind4"},
	{dialect: dAndroid, prefix: "postbind6/", section: "cgroup/post_bind6"},
	{dialect: dAndroid, prefix: "recvmsg4/", section: "cgroup/recvmsg4"},
	{dialect: dAndroid, prefix: "recvmsg6/", section: "cgroup/recvmsg6"},
	{dialect: dAndroid, prefix: "sendmsg4/", section: "cgroup/sendmsg4"},
	{dialect: dAndroid, prefix: "sendmsg6/", section: "cgroup/sendmsg6"},
	{dialect: dAndroid, prefix: "schedcls/", section: "classifier"},
	{dialect: dAndroid, prefix: "schedact/", section: "action"},
	{dialect: dAndroid, prefix: "skfilter/", section: "socket"},
	{dialect: dAndroid, prefix: "skskb/", section: "sk_skb"},
	{dialect: dAndroid, prefix: "sysctl/", section: "cgroup/sysctl"},
	{prefix: "tc_cls", section: "classifier"},
	{prefix: "tc_act", section: "action"},
	{prefix: "sched_cls", section: "classifier"},
	{prefix: "sched_act", section: "action"},
	{prefix: "classifier", section: "classifier"},
	{prefix: "cls", section: "classifier"}, // katran's "cls-hc"
	{prefix: "action", section: "action"},
	{prefix: "socket", section: "socket"},
	{prefix: "xdp", section: "xdp"},
	{prefix: "perf_event", section: "perf_event"},
	{prefix: "cgroup/skb", section: "cgroup/skb"},
	{prefix: "cgroup/sock", exact: true, section: "cgroup/sock"},
	{prefix: "sockops", section: "sockops"},
	{prefix: "sk_skb", section: "sk_skb"},
	{prefix: "sk_msg", section: "sk_msg"},
}

// ProgramSection gives the section name by whose rule a program gets its type
// in an object with legacy definitions, for section names that the newest libbpf
// does not know: "socket" for "socket1", "tp/x/y" for DeepFlow's "prog/tp/x/y".
// Ask it only after the name itself has given no type; "" is no answer.
func ProgramSection(defs []mapdef.Def, name string) string {
	for _, r := range sectionRules {
		rest, ok := strings.CutPrefix(name, r.prefix)
		if !ok || r.exact && rest != "" || !hasDialect(defs, r.dialect) {
			continue
		}
		if r.rest {
			return r.section + rest
		}
		return r.section
	}
	if hasDialect(defs, "") {
		return perfSection(name)
	}
	return ""
}

// perfSection reads a section name as perf does: "sys:event" is a tracepoint,
// "event=function arguments" a kprobe, each with "!" before it in the newest ones.
func perfSection(name string) string {
	name = strings.TrimPrefix(name, "!")
	if event, probe, ok := strings.Cut(name, "="); ok {
		if function, _, _ := strings.Cut(probe, " "); isWord(event) && isWord(function) {
			return "kprobe/" + function
		}
		return ""
	}
	if sys, event, ok := strings.Cut(name, ":"); ok && isWord(sys) && isWord(event) {
		return "tracepoint/" + sys + "/" + event
	}
	return ""
}

// isWord tells whether a name has letters, digits and underscores alone.
func isWord(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == ""
}

// AssumedSection gives the section name by whose rule a program of an iproute2
// object gets its type when neither the file nor the caller tells it: in iproute2
// the command did, `tc filter` for any section name, `ip link … xdp` for "prog"
// (L63, L64). "" is no answer, as for light-weight tunnels, which have several types.
func AssumedSection(defs []mapdef.Def, name string, opts Options) string {
	if !slices.ContainsFunc(defs, func(d mapdef.Def) bool { return iproute2Family(d.Dialect) }) {
		return ""
	}
	switch {
	case opts.ProgDir == "xdp", opts.ProgDir == "" && name == "prog":
		return "xdp"
	case opts.ProgDir == "", opts.ProgDir == "tc":
		return "classifier"
	}
	return ""
}

// hasDialect tells whether some definition has that legacy dialect, or with ""
// any legacy dialect.
func hasDialect(defs []mapdef.Def, name string) bool {
	for i := range defs {
		switch d := defs[i].Dialect; d {
		case "", mapdef.DialectBTF, mapdef.DialectData, mapdef.DialectKconfig, mapdef.DialectStructOps:
		default:
			if name == "" || d == name {
				return true
			}
		}
	}
	return false
}
