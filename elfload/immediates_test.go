package elfload_test

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cilium/ebpf"

	"github.com/bpfload/bpfload/elfload"
	"github.com/bpfload/bpfload/internal/kerneltest"
)

func openObject(t *testing.T, name string) *elfload.Object {
	t.Helper()
	obj, err := elfload.Open(filepath.Join(objects, name))
	if err != nil {
		t.Fatal(err)
	}
	return obj
}

// R131 C53: what nothing defines and BTF does not know is a number of the host's.
func TestConstants(t *testing.T) {
	for _, file := range []string{"constants.o", "constants.eb.o"} {
		obj := openObject(t, file)
		if got := obj.Constants(); !slices.Equal(got, []string{"wide", "narrow", "elsewhere"}) {
			t.Errorf("%s: constants %q", file, got)
		}
		warned := func(vars ...elfload.Var) (names []string) {
			p, err := obj.Plan(elfload.Options{Vars: vars})
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range p.Warnings {
				if w.Code == "constant_unset" && w.Program == "adds" {
					names = append(names, strings.Split(w.Message, `"`)[1])
				}
			}
			return names
		}
		if got := warned(); !slices.Equal(got, []string{"wide", "narrow"}) {
			t.Errorf("%s: without values the plan warns of %q", file, got)
		}
		if got := warned(elfload.Var{Name: "narrow", Value: "1"}); !slices.Equal(got, []string{"wide"}) {
			t.Errorf("%s: with one value the plan warns of %q", file, got)
		}
	}
	for _, v := range []elfload.Var{{Name: "wide", Value: "much"}, {Name: "wide", Value: "hex:00"}, {Name: "wide", Value: "0x10000000000000000"}, {Name: "wider", Value: "1"}} {
		var e *elfload.Error
		_, err := openObject(t, "constants.o").Plan(elfload.Options{Vars: []elfload.Var{v}})
		if !errors.Is(err, elfload.ErrUsage) || !errors.As(err, &e) || e.Symbol != v.Name {
			t.Errorf("%s=%s: %v", v.Name, v.Value, err)
		}
	}
}

func TestConstantsRun(t *testing.T) {
	kerneltest.Require(t)
	for _, c := range []struct {
		vars []elfload.Var
		want uint32
	}{
		{nil, 0},
		{[]elfload.Var{{Name: "wide", Value: "0x500000000"}, {Name: "narrow", Value: "7"}}, 19},
		{[]elfload.Var{{Name: "narrow", Value: "-2"}}, 0xfffffffc},
		{[]elfload.Var{{Name: "wide", Value: "18446744073709551615"}}, 0xffffffff},
	} {
		got, err := load(t, "constants.o", elfload.Options{Vars: c.vars}).Program("adds").Run(&ebpf.RunOptions{Data: make([]byte, 64)})
		if err != nil || got != c.want {
			t.Errorf("with %v the program returns %#x, %v; want %#x", c.vars, got, err, c.want)
		}
	}
}

// A symbol that is no constant, a map of another file, makes the verifier refuse;
// then the missing definition is named.
func TestConstantRefused(t *testing.T) {
	kerneltest.Require(t)
	_, err := elfload.Load(t.Context(), filepath.Join(objects, "constants.o"), elfload.Options{Autoload: []string{"looks_up"}})
	var e *elfload.Error
	if !errors.Is(err, elfload.ErrVerifier) || !errors.As(err, &e) || e.Symbol != "looks_up" {
		t.Fatalf("error %v", err)
	}
	if !strings.Contains(e.Hint, `elsewhere, which the object does not define`) {
		t.Errorf("hint %q", e.Hint)
	}
}

// ir-keytable's decoders hold the values of their variables. No program type is
// needed that this kernel may lack: the length of a packet stands for the sample.
func TestLirc(t *testing.T) {
	kerneltest.Require(t)
	for _, c := range []struct {
		vars  []elfload.Var
		want  uint32
		count uint32
	}{
		{nil, 0xfffffffd, 0},
		{[]elfload.Var{{Name: "margin", Value: "10"}, {Name: "trail_space", Value: "5"}}, 5, 1},
		{[]elfload.Var{{Name: "margin", Value: "-1"}}, 0xfffffffd, 1},
	} {
		coll := load(t, "legacy_lirc.o", elfload.Options{Vars: c.vars, Types: []elfload.ProgramType{{Program: "decodes", Type: "socket_filter"}}})
		got, err := coll.Program("decodes").Run(&ebpf.RunOptions{Data: make([]byte, 64)})
		if err != nil || got != c.want {
			t.Errorf("with %v the decoder returns %#x, %v; want %#x", c.vars, got, err, c.want)
		}
		var state [2]uint32
		if err := coll.Map("decoder_state").Lookup(uint32(0), &state); err != nil || state[1] != c.count {
			t.Errorf("with %v it counts %d, %v; want %d", c.vars, state[1], err, c.count)
		}
	}
}
