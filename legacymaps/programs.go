package legacymaps

import (
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

// The samples loader and libbpf up to 0.8 compared prefixes only (L37); AWS and
// DeepFlow have names of their own (L97, L99).
var sectionRules = [...]sectionRule{
	{dialect: dAWS, prefix: "tc_cls", section: "classifier"},
	{dialect: dAWS, prefix: "tc_act", section: "action"},
	{dialect: dDeepflow, prefix: "prog/tp/", section: "tp/", rest: true},
	{dialect: dDeepflow, prefix: "prog/kp/", section: "kprobe/", rest: true},
	{prefix: "socket", section: "socket"},
	{prefix: "xdp", section: "xdp"},
	{prefix: "perf_event", section: "perf_event"},
	{prefix: "cgroup/skb", section: "cgroup/skb"},
	{prefix: "cgroup/sock", exact: true, section: "cgroup/sock"},
	{prefix: "sockops", section: "sockops"},
	{prefix: "sk_skb", section: "sk_skb"},
	{prefix: "sk_msg", section: "sk_msg"},
	{prefix: "classifier", section: "classifier"},
	{prefix: "action", section: "action"},
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
