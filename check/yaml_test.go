package check

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/bpfload/bpfload/elfload"
)

const everything = `version: 1
objects:
  - path: "bpf/*.o"
    dialect: auto
    vars: {b: 1, a: 0x10, debug: true}
    vary: {mode: [0, 1], name: [x, "y"]}
    strategy: pairwise
    maps:
      events: {max_entries: 4096, pin: none}
    types: {handler: xdp}
    inner: {outer: inner}
    attach_progs: {ext: "7:main"}
    autoload: [optional]
    expect:
      - {program: "too_*", stage: program, pattern: "unknown func", kernels: ["<5.15"], when: {mode: 1}}
      - {map: arena, stage: map}
`

func TestConfigHasEverything(t *testing.T) {
	c, err := parseConfig([]byte(everything))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Objects) != 1 || len(c.Objects[0].Expect) != 2 {
		t.Fatalf("got %+v", c)
	}
	o := &c.Objects[0]
	want := elfload.Options{Dialect: "auto", Autoload: []string{"optional"},
		Vars:        []elfload.Var{{Name: "b", Value: "1"}, {Name: "a", Value: "0x10"}, {Name: "debug", Value: "true"}},
		Maps:        []elfload.MapOverride{{Map: "events", Field: "max_entries", Value: "4096"}, {Map: "events", Field: "pin", Value: "none"}},
		Types:       []elfload.ProgramType{{Program: "handler", Type: "xdp"}},
		Inner:       []elfload.InnerMap{{Outer: "outer", Inner: "inner"}},
		AttachProgs: []elfload.AttachProg{{Program: "ext", Target: "7:main"}}}
	if !reflect.DeepEqual(o.Load, want) {
		t.Errorf("options are %+v", o.Load)
	}
	if !reflect.DeepEqual(o.Vary, []Vary{{"mode", []string{"0", "1"}}, {"name", []string{"x", "y"}}}) || o.Strategy != Pairwise {
		t.Errorf("vary %v, strategy %q", o.Vary, o.Strategy)
	}
	if e := o.Expect[0]; e.Program != "too_*" || e.Stage != "program" || e.Pattern.String() != "unknown func" || len(e.Kernels) != 1 || !reflect.DeepEqual(e.When, []Setting{{"mode", "1"}}) {
		t.Errorf("expectation %+v", e)
	}
}

func TestConfigRefuses(t *testing.T) {
	for _, tc := range []struct{ name, text, want string }{
		{"empty", "", "version"},
		{"another version", "version: 2", "version 1"},
		{"unknown key", "version: 1\nobject: []", "object"},
		{"unknown key of an object", "version: 1\nobjects: [{path: a.o, expects: []}]", "expects"},
		{"unknown key of an expectation", "version: 1\nobjects: [{path: a.o, expect: [{prog: x, stage: map}]}]", "prog"},
		{"no path", "version: 1\nobjects: [{dialect: auto}]", "path is missing"},
		{"no stage", "version: 1\nobjects: [{path: a.o, expect: [{program: x}]}]", "stage is missing"},
		{"unknown stage", "version: 1\nobjects: [{path: a.o, expect: [{program: x, stage: verify}]}]", "no stage"},
		{"program and map", "version: 1\nobjects: [{path: a.o, expect: [{program: x, map: y, stage: map}]}]", "not both"},
		{"bad pattern", "version: 1\nobjects: [{path: a.o, expect: [{program: x, stage: map, pattern: '('}]}]", "pattern"},
		{"bad kernel", "version: 1\nobjects: [{path: a.o, expect: [{program: x, stage: map, kernels: [new]}]}]", "kernel"},
		{"bad glob", "version: 1\nobjects: [{path: '[a.o'}]", "path"},
		{"bad strategy", "version: 1\nobjects: [{path: a.o, strategy: all, vary: {a: [1]}}]", "strategy"},
		{"variable twice", "version: 1\nobjects: [{path: a.o, vars: {a: 1, a: 2}}]", "twice"},
		{"list for a value", "version: 1\nobjects: [{path: a.o, vars: {a: [1]}}]", "single value"},
		{"value for a list", "version: 1\nobjects: [{path: a.o, vary: {a: 1}}]", "list"},
		{"two documents", "version: 1\n---\nversion: 1", "more than one"},
		{"no YAML", "version: [", "yaml"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if _, err := parseConfig([]byte(tc.text)); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error is %v", err)
			}
		})
	}
	if _, err := ReadConfig("testdata/none.yaml"); !errors.Is(err, elfload.ErrUsage) {
		t.Errorf("no file: %v", err)
	}
}

// Paths are relative to the configuration, flags come after it.
func TestConfigApplies(t *testing.T) {
	dir := t.TempDir()
	raw, err := os.ReadFile(object("varied.o"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"bpf/a.o", "other/a.o"} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, raw, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(dir, ConfigName)
	if err := os.WriteFile(file, []byte("version: 1\nobjects: [{path: bpf/*.o, vary: {mode: [0, 1]}, autoload: [untyped], expect: [{program: untyped, stage: plan}]}]"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := ReadConfig(file)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Paths(); !reflect.DeepEqual(got, []string{filepath.Join(dir, "bpf/*.o")}) {
		t.Errorf("paths are %q", got)
	}
	r := run(t, Options{NoKernel: true, Config: c}, dir)
	var got []string
	for i := range r.Objects {
		got = append(got, strings.TrimPrefix(r.Objects[i].Label(), dir)+" "+string(r.Objects[i].Verdict))
	}
	if want := []string{"/bpf/a.o [mode=0] expected_failure", "/bpf/a.o [mode=1] expected_failure", "/other/a.o passed"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %q", got)
	}
	if r = run(t, Options{NoKernel: true, Config: c, Vary: []Vary{{"mode", []string{"2"}}}}, filepath.Join(dir, "bpf/a.o")); len(r.Objects) != 1 || r.Objects[0].Variant[0].Value != "2" {
		t.Errorf("a flag does not replace the configuration: %v", r.Objects)
	}
}
