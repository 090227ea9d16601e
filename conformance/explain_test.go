//go:build linux

package main

import (
	"slices"
	"testing"
)

// ruleOf is the first row that covers the difference, "" for none.
func ruleOf(d *difference) string {
	i := slices.IndexFunc(explanations[:], func(e explanation) bool { return e.covers(d) })
	if i < 0 {
		return ""
	}
	return explanations[i].rule
}

// Rows cover what their rule is about, and not its neighbours.
func TestExplanations(t *testing.T) {
	const array, perf = 2, 4
	typed := func(typ uint32, facts ...fact) *thing { return &thing{typ: typ, facts: facts} }
	tagged := func(tag, insns string) *thing {
		return &thing{name: "p", facts: []fact{{"tag", tag}, {"instructions", insns}}}
	}
	for _, tt := range []struct {
		name string
		d    difference
		want string
	}{
		{"foreign byte order", difference{other: "cilium", field: "verdict", ours: "refused: the object is big endian, this machine is not"}, "R8 C24"},
		{"foreign byte order, libbpf", difference{other: "libbpf", field: "verdict", ours: "refused: the object is big endian, this machine is not"}, ""},
		{"any other refusal", difference{other: "cilium", field: "verdict", ours: "refused: something"}, ""},
		{"program without a type", difference{other: "cilium", kind: "object", field: "options"}, "C108"},
		{"program without a type, libbpf", difference{other: "libbpf", kind: "object", field: "options"}, ""},
		{"prefix of a data map", difference{other: "cilium", kind: "map", name: ".data", field: "kernel name", ours: "obj.data", their: ".data"}, "C11 C12"},
		{"name of another map", difference{other: "cilium", kind: "map", name: "m", field: "kernel name", ours: "a", their: "b"}, ""},
		{"name against libbpf", difference{other: "libbpf", kind: "map", name: ".data", field: "kernel name", ours: "obj.data", their: ".data"}, ""},
		{"mmapable", difference{other: "cilium", kind: "map", name: ".data", field: "flags", ours: "0x0", their: "0x400"}, "C14 R101"},
		{"mmapable here only", difference{other: "cilium", kind: "map", name: ".data", field: "flags", ours: "0x400", their: "0x0"}, ""},
		{"perf event array cut", difference{other: "cilium", kind: "map", field: "max entries", ours: "32", their: "2", mine: typed(perf)}, "C47 C48"},
		{"array cut", difference{other: "cilium", kind: "map", field: "max entries", ours: "32", their: "2", mine: typed(array)}, ""},
		{"string pool", difference{other: "libbpf", kind: "map", name: ".rodata.str1.1", field: "presence", yours: typed(array)}, "C15 R22"},
		{"data section missing here", difference{other: "libbpf", kind: "map", name: ".rodata", field: "presence", yours: typed(array)}, ""},
		{"bound string pool", difference{other: "libbpf", kind: "program", field: "maps", ours: ".rodata", their: ".rodata .rodata.cst16"}, "C15 R22"},
		{"map that the program lacks", difference{other: "libbpf", kind: "program", field: "maps", ours: ".rodata", their: ".rodata m"}, ""},
		{"data section without symbols", difference{other: "cilium", kind: "map", name: ".rodata", field: "presence", mine: typed(array)}, "C15 C16"},
		{"configuration", difference{other: "cilium", kind: "map", name: ".kconfig", field: "presence", mine: typed(array)}, "C86"},
		{"bound read-only data", difference{other: "cilium", kind: "program", field: "maps", ours: ".kconfig .rodata m", their: "(.kconfig) m"}, "C20 C86 R165"},
		{"bound writable data", difference{other: "cilium", kind: "program", field: "maps", ours: ".data m", their: "m"}, ""},
		{"contents of an array", difference{other: "libbpf", kind: "map", name: ".data", field: "contents", ours: "0=01", their: "0=02"}, ""},
		{"other order", difference{other: "cilium", kind: "program", name: "p", field: "tag", mine: tagged("a", "7"), yours: tagged("b", "7"), stage: stageAll, all: &result{}}, "order of subprograms"},
		{"other length", difference{other: "cilium", kind: "program", name: "p", field: "tag", mine: tagged("a", "7"), yours: tagged("b", "8"), stage: stageAll, all: &result{}}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := ruleOf(&tt.d); got != tt.want {
				t.Errorf("rule %q instead of %q", got, tt.want)
			}
		})
	}
}

// A difference of order is one only while libbpf has the same code as bpfload.
func TestOrderOfSubprogramsAsksLibbpf(t *testing.T) {
	mine := &thing{name: "p", facts: []fact{{"tag", "a"}, {"instructions", "7"}}}
	yours := &thing{name: "p", facts: []fact{{"tag", "b"}, {"instructions", "7"}}}
	for tag, want := range map[string]string{"a": "order of subprograms", "b": ""} {
		r := &result{}
		r.outcomes[2][1].state = &state{programs: []thing{{name: "p", facts: []fact{{"tag", tag}}}}}
		d := difference{other: "cilium", kind: "program", name: "p", field: "tag", stage: stageAll, mine: mine, yours: yours, all: r}
		if got := ruleOf(&d); got != want {
			t.Errorf("libbpf's tag is %q: rule %q instead of %q", tag, got, want)
		}
	}
}

// D6 is about objects of which nothing has types; one map that has them shows
// that the others lack theirs for another reason.
func TestNoTypesAtAll(t *testing.T) {
	none := []fact{{"BTF", "false"}}
	for _, tt := range []struct{ other, want string }{{"false", "D6 R136"}, {"true", ""}} {
		r := &result{}
		r.outcomes[2][1].state = &state{maps: []thing{{name: "m", facts: none}}, programs: []thing{{name: "p", facts: []fact{{"BTF", tt.other}}}}}
		d := difference{other: "libbpf", kind: "map", name: "m", field: "BTF", ours: "true", their: "false", stage: stageAll, all: r}
		if got := ruleOf(&d); got != tt.want {
			t.Errorf("the program's BTF is %s: rule %q instead of %q", tt.other, got, tt.want)
		}
	}
}
