package bpftest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/cilium/ebpf/rlimit"

	"github.com/bpfload/bpfload/check"
	"github.com/bpfload/bpfload/elfload"
	"github.com/bpfload/bpfload/verifierlog"
)

// RequireEnv is the environment variable that forbids skipping when it is "1".
const RequireEnv = "BPFLOAD_REQUIRE_KERNEL"

// Option changes how an object is loaded.
type Option func(*settings)

type settings struct {
	load elfload.Options
	read elfload.ReadOptions
}

// With takes the options of package elfload; options after it add to them.
func With(o elfload.Options) Option { return func(s *settings) { s.load = o } }

// Reading takes the options for reading the file.
func Reading(o elfload.ReadOptions) Option { return func(s *settings) { s.read = o } }

// Var sets a global variable; the value is written as fmt.Sprint does.
func Var(name string, value any) Option {
	return func(s *settings) {
		s.load.Vars = append(s.load.Vars, elfload.Var{Name: name, Value: fmt.Sprint(value)})
	}
}

// MapField overrides one field of a map, such as max_entries.
func MapField(name, field string, value any) Option {
	return func(s *settings) {
		s.load.Maps = append(s.load.Maps, elfload.MapOverride{Map: name, Field: field, Value: fmt.Sprint(value)})
	}
}

// Type gives a program a type that its section name does not give.
func Type(program, typ string) Option {
	return func(s *settings) {
		s.load.Types = append(s.load.Types, elfload.ProgramType{Program: program, Type: typ})
	}
}

// Autoload has optional programs and maps loaded too.
func Autoload(names ...string) Option {
	return func(s *settings) { s.load.Autoload = append(s.load.Autoload, names...) }
}

// Object is a loaded object, closed when its test ends.
type Object struct {
	*elfload.Collection
}

// types are the kernel's, decoded once for all tests of a binary.
var types = sync.OnceValue(elfload.NewTypeCache)

// Load loads the object at path and closes it when the test ends. The test
// fails if any map or program is refused, and shows every refusal.
func Load(t testing.TB, path string, opts ...Option) *Object {
	t.Helper()
	o := load(t, path, opts)
	var failed, unproven []string
	for i := range o.MapData {
		m := &o.MapData[i]
		sort(m.Err, check.ProveMap, m.Def, fmt.Sprintf("map %q", m.Name), &failed, &unproven)
	}
	for i := range o.Programs {
		p := &o.Programs[i]
		sort(p.Err, func(p *elfload.LoadedProgram, _ error) *check.Proof { return o.proofOf(p) }, p, fmt.Sprintf("program %q", p.Name), &failed, &unproven)
	}
	switch {
	case len(failed) > 0:
		t.Fatalf("%s: %s", path, strings.Join(failed, "\n"))
	case len(unproven) > 0:
		missing(t, path+": "+strings.Join(unproven, "\n"))
	}
	return o
}

// Programs runs a sub-test for each program that the object loads: it passes if
// the kernel takes the program, and each may be passed to also by then. The
// object is that of t, so sub-tests may be parallel.
func Programs(t *testing.T, path string, also func(t *testing.T, p *elfload.LoadedProgram), opts ...Option) *Object {
	t.Helper()
	o := load(t, path, opts)
	for i := range o.MapData {
		if m := &o.MapData[i]; m.Err != nil {
			t.Run(m.Name, func(t *testing.T) { t.Helper(); refused(t, m.Err, check.ProveMap(m.Def, m.Err)) })
		}
	}
	for i := range o.Programs {
		p := &o.Programs[i]
		if p.Err == nil && p.Program == nil {
			continue // optional, and nobody asked for it
		}
		t.Run(p.Name, func(t *testing.T) {
			t.Helper()
			if p.Err != nil {
				refused(t, p.Err, o.proofOf(p))
			}
			if also != nil {
				also(t, p)
			}
		})
	}
	return o
}

// sort puts an error into the list where it belongs; nil belongs nowhere.
func sort[T any](err error, prove func(T, error) *check.Proof, def T, name string, failed, unproven *[]string) {
	if err == nil {
		return
	}
	if proof := prove(def, err); proof != nil {
		*unproven = append(*unproven, name+": "+proof.String())
		return
	}
	*failed = append(*failed, name+": "+Explain(err))
}

// refused ends a test whose map or program the kernel did not take.
func refused(t testing.TB, err error, proof *check.Proof) {
	t.Helper()
	if proof != nil {
		missing(t, proof.String())
		return
	}
	t.Fatal(Explain(err))
}

// missing skips the test, or fails it where skipping is forbidden.
func missing(t testing.TB, reason string) {
	t.Helper()
	if os.Getenv(RequireEnv) == "1" {
		t.Fatalf("%s=1 forbids skipping: %s", RequireEnv, reason)
	}
	t.Skip(reason)
}

// load loads with what fails kept where it stands; errors about the whole object
// end the test.
func load(t testing.TB, path string, opts []Option) *Object {
	t.Helper()
	o, err := open(t, path, opts)
	if err != nil {
		refused(t, err, check.ProveMap(nil, err))
	}
	return o
}

func open(t testing.TB, path string, opts []Option) (*Object, error) {
	t.Helper()
	var s settings
	for _, o := range opts {
		o(&s)
	}
	s.load.KeepGoing, s.load.VerifierStats = true, true
	s.load.PinPath, s.load.DialectPins = "", false
	if s.load.TypeCache == nil {
		s.load.TypeCache = types()
	}
	inner := s.load.Fixup
	s.load.Fixup = func(d *elfload.MapDef) error {
		d.Pinning, d.PinPath = 0, ""
		if inner != nil {
			return inner(d)
		}
		return nil
	}
	obj, err := s.read.Open(path)
	if err != nil {
		return nil, err
	}
	plan, err := obj.Plan(s.load)
	if err != nil {
		return nil, err
	}
	_ = rlimit.RemoveMemlock() // before Linux 5.11 the limit gives EPERM even to root
	coll, err := plan.Load(context.Background())
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() {
		if err := coll.Close(); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	})
	return &Object{coll}, nil
}

// Explain is an error with what the verifier says by lines of C, its cause in
// words, and what to do.
func Explain(err error) string {
	text := err.Error()
	var e *elfload.Error
	if !errors.As(err, &e) {
		return text
	}
	log := verifierlog.Read(e.Log)
	for _, line := range append(log.Lines(20), log.Cause, e.Hint) {
		if line != "" {
			text += "\n    " + elfload.Clean(line)
		}
	}
	return text
}
