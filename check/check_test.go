package check

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/bpfload/bpfload/elfload"
	"github.com/bpfload/bpfload/internal/kerneltest"
)

const objs = "testdata/objs"

func run(t *testing.T, opts Options, paths ...string) *Report {
	t.Helper()
	r, err := Run(context.Background(), paths, opts)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func object(name string) string { return filepath.Join(objs, name) }

func namesOf(checks []Check, v Verdict) []string {
	out := []string{}
	for i := range checks {
		if checks[i].Verdict == v {
			out = append(out, string(checks[i].Name))
		}
	}
	return out
}

func TestOneBrokenProgramOfTwenty(t *testing.T) {
	kerneltest.Require(t)
	o := &run(t, Options{}, object("twenty.o")).Objects[0]
	if got := namesOf(o.Programs, Failed); !slices.Equal(got, []string{"broken"}) {
		t.Fatalf("failed are %q", got)
	}
	if n := len(namesOf(o.Programs, Passed)); n != 19 {
		t.Errorf("%d passed", n)
	}
	c := o.First().Cause
	if c.File != object("twenty.c") || c.Line == 0 || c.Source != "return *value;" || c.ErrnoName != "EACCES" || c.Class != "verifier" || c.Log == "" {
		t.Errorf("cause is %+v", c)
	}
	source, err := os.ReadFile(c.File)
	if err != nil {
		t.Fatal(err)
	}
	if line := strings.Split(string(source), "\n")[c.Line-1]; !strings.Contains(line, c.Source) {
		t.Errorf("line %d is %q", c.Line, line)
	}
	for i := range o.Programs {
		if p := &o.Programs[i]; p.Stats == nil || p.Stats.Insns == 0 {
			t.Errorf("program %q has no statistics", p.Name)
		}
	}
}

func TestNothingIsLeft(t *testing.T) {
	kerneltest.Require(t)
	before := descriptors(t)
	run(t, Options{Jobs: 4}, objs)
	if after := descriptors(t); !slices.Equal(before, after) {
		t.Errorf("descriptors before %v, after %v", before, after)
	}
}

func descriptors(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		if to, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil && strings.Contains(to, "bpf") {
			out = append(out, to)
		}
	}
	return out
}

func TestVariedGlobals(t *testing.T) {
	kerneltest.Require(t)
	var loads, done atomic.Int32
	r := run(t, Options{Vary: []Vary{{"mode", []string{"0", "2"}}, {"debug", []string{"false", "true"}}}, Strategy: Full,
		Loads: func(_, n int) { loads.Store(int32(n)) }, Progress: func(int, int, string) { done.Add(1) }}, object("varied.o"), object("twenty.o"))
	if loads.Load() != 5 || done.Load() != 5 || len(r.Objects) != 5 {
		t.Errorf("%d loads announced, %d told, %d reported", loads.Load(), done.Load(), len(r.Objects))
	}
	var failed []string
	for i := range r.Objects {
		if r.Objects[i].Verdict == Failed {
			failed = append(failed, r.Objects[i].Label())
		}
	}
	if want := []string{object("varied.o") + " [mode=2, debug=true]", object("twenty.o")}; !slices.Equal(failed, want) {
		t.Errorf("failed are %q", failed)
	}
	if r.Totals.Objects != 2 || r.Totals.Loads != 5 {
		t.Errorf("totals %+v", r.Totals)
	}
}

func TestOrderIsThatOfPaths(t *testing.T) {
	var got []string
	for i, o := range run(t, Options{NoKernel: true, Jobs: 8}, object("varied.o"), objs, object("twenty.o")).Objects {
		got = append(got, filepath.Base(string(o.Path)))
		if len(o.Stages) != 5 || o.Stages[1].Verdict != Passed || o.Stages[2].Verdict != NotRun {
			t.Errorf("object %d has the stages %v", i, o.Stages)
		}
	}
	if !slices.Equal(got, []string{"varied.o", "twenty.o"}) {
		t.Errorf("objects are %q", got)
	}
}

func TestExpectations(t *testing.T) {
	kerneltest.Require(t)
	null := regexp.MustCompile("map_value_or_null")
	for _, tc := range []struct {
		name   string
		expect Expectation
		prog   string
		want   Verdict
		ok     bool
	}{
		{"a failure as expected", Expectation{Program: "broken", Stage: elfload.StageProgram, Pattern: null}, "broken", Expected, true},
		{"by glob", Expectation{Program: "brok*", Stage: elfload.StageProgram}, "broken", Expected, true},
		{"of the object", Expectation{Object: "twenty.o", Stage: elfload.StageProgram, Pattern: null}, "broken", Expected, true},
		{"another stage", Expectation{Program: "broken", Stage: elfload.StageMap}, "broken", Failed, false},
		{"another pattern", Expectation{Program: "broken", Stage: elfload.StageProgram, Pattern: regexp.MustCompile("unknown func")}, "broken", Failed, false},
		{"a pass is a failure", Expectation{Program: "good_0", Stage: elfload.StageProgram}, "good_0", Unexpected, false},
		{"on this kernel", Expectation{Program: "broken", Stage: elfload.StageProgram, Kernels: []string{"<4.0", ">=5.0"}}, "broken", Expected, true},
		{"on another kernel", Expectation{Program: "broken", Stage: elfload.StageProgram, Kernels: []string{"<4.0"}}, "broken", Failed, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := run(t, Options{Expect: []Expectation{tc.expect}}, object("twenty.o"))
			for _, p := range r.Objects[0].Programs {
				if string(p.Name) == tc.prog && p.Verdict != tc.want {
					t.Errorf("%s, want %s; note %q", p.Verdict, tc.want, p.Note)
				}
			}
			if r.OK() != tc.ok {
				t.Errorf("ok is %v", r.OK())
			}
		})
	}
}

// A failure may be expected in some variants only, where it must then happen.
func TestExpectationsOfVariants(t *testing.T) {
	kerneltest.Require(t)
	vary := []Vary{{"mode", []string{"0", "2"}}, {"debug", []string{"false", "true"}}}
	for mode, ok := range map[elfload.Text]bool{"2": true, "0": false} {
		r := run(t, Options{Vary: vary, Strategy: Full, Expect: []Expectation{{Program: "pass", Stage: elfload.StageProgram,
			When: []Setting{{"mode", mode}, {"debug", "true"}}}}}, object("varied.o"))
		if r.OK() != ok {
			t.Errorf("mode %s: ok is %v, totals %+v", mode, r.OK(), r.Totals)
		}
	}
}

// What needs the kernel is not held against a run without it; what was not
// loaded has not failed.
func TestExpectationsThatCannotBeHeld(t *testing.T) {
	broken := []Expectation{{Program: "broken", Stage: elfload.StageProgram}}
	if r := run(t, Options{NoKernel: true, Expect: broken}, object("twenty.o")); !r.OK() || r.Totals.Passed != 24 {
		t.Errorf("ok is %v, totals %+v", r.OK(), r.Totals)
	}
	r := run(t, Options{NoKernel: true, Expect: []Expectation{{Program: "untyped", Stage: elfload.StagePlan}}}, object("varied.o"))
	if p := r.Objects[0].Programs[1]; r.OK() || p.Verdict != Unexpected || !strings.Contains(p.Note, "optional") {
		t.Errorf("ok is %v, program %+v", r.OK(), p)
	}
}

// denied says that privilege is missing, whatever is asked.
type denied struct{}

func (denied) prove(subject, error) *Proof {
	return &Proof{Missing: "privilege", Probe: "a probe", Errno: 1, ErrnoName: "EPERM", Outcome: "no"}
}

func TestUnprovenHasItsProof(t *testing.T) {
	kerneltest.Require(t)
	r := run(t, Options{proof: denied{}}, object("twenty.o"))
	if got := namesOf(r.Objects[0].Programs, Unproven); !slices.Equal(got, []string{"broken"}) || r.Totals.Unproven != 1 {
		t.Errorf("unproven are %q", got)
	}
	if !r.OK() {
		t.Error("unproven failed although it is not required")
	}
	if r = run(t, Options{proof: denied{}, Require: true}, object("twenty.o")); r.OK() {
		t.Error("unproven passed although it is required")
	}
}

// A refusal by the verifier is nobody's fault but the program's.
func TestNoProofWhereNothingIsMissing(t *testing.T) {
	kerneltest.Require(t)
	h := newHostProver()
	for _, tc := range []struct {
		name string
		s    subject
		err  error
	}{
		{"verifier", subject{progType: 1}, &elfload.Error{Stage: elfload.StageProgram, Kind: elfload.ErrVerifier, Errno: 13}},
		{"EPERM with privilege", subject{progType: 6}, &elfload.Error{Stage: elfload.StageProgram, Kind: elfload.ErrPrivilege, Errno: 1}},
		{"a map type that exists", subject{mapType: 1}, &elfload.Error{Stage: elfload.StageMap, Kind: elfload.ErrNotSupported, Errno: 22}},
		{"a program type that exists", subject{progType: 6}, &elfload.Error{Stage: elfload.StageProgram, Kind: elfload.ErrNotSupported, Errno: 22}},
		{"planning", subject{}, &elfload.Error{Stage: elfload.StagePlan, Kind: elfload.ErrNotSupported}},
		{"no error of ours", subject{}, errors.New("x")},
		{"byte order is this one's", subject{order: "little"}, &elfload.Error{Stage: elfload.StageMap, Code: "byte_order"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.s.order != "" && foreign(tc.s.order) != nil {
				t.Skip("this machine is big endian")
			}
			if p := h.prove(tc.s, tc.err); p != nil {
				t.Errorf("proof %v", p)
			}
		})
	}
	missing := &elfload.Error{Stage: elfload.StageProgram, Kind: elfload.ErrVerifier, Errno: 22, Log: "0: (85) call unknown#9000\ninvalid func unknown#9000\n"}
	if p := h.prove(subject{progType: 6}, missing); p == nil || p.Missing != "feature" {
		t.Errorf("a helper that no kernel has: %v", p)
	}
}

// A kernel function that a later release has brought is a feature that this kernel
// lacks; a name that no release is known to have is a mistake.
func TestMissingKernelFunction(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("no kernel to ask on " + runtime.GOOS)
	}
	kernel := map[string]bool{"bpf_rcu_read_lock": true}
	h := newHostProver()
	h.hasFunction = func(name string) (bool, error) { return kernel[name], nil }
	for _, tc := range []struct {
		name, text string
		proved     bool
	}{
		{"of a later release", `kernel function "bpf_throw" is not in the types of this kernel or its modules (it came with Linux 6.7); program "p" needs it`, true},
		{"that the kernel has", `kernel function "bpf_rcu_read_lock" is not in the types of this kernel or its modules; program "p" needs it`, false},
		{"of no release", `kernel function "bpf_thorw" is not in the types of this kernel or its modules; program "p" needs it`, false},
		{"with another type", `kernel function "bpf_throw" has another type in this kernel`, false},
		{"a variable", `kernel variable "bpf_throw" is not in the types of this kernel or its modules`, false},
	} {
		e := &elfload.Error{Stage: elfload.StageProgram, Kind: elfload.ErrNotSupported, Code: "ksym_missing", Err: errors.New(tc.text)}
		p := h.prove(subject{progType: 1}, e)
		if (p != nil && p.Missing == "feature" && strings.Contains(p.Outcome, "6.7")) != tc.proved || (p != nil) != tc.proved {
			t.Errorf("%s: %+v", tc.name, p)
		}
	}
	for name, want := range map[string]bool{"do_exit": true, "bpfload_has_no_such_function": false} {
		if has, err := kernelHasFunction(name); err != nil {
			t.Logf("%s: the kernel's types cannot be read: %v", name, err)
		} else if has != want {
			t.Errorf("the kernel has %s: %v", name, has)
		}
	}
}

func TestRunRefuses(t *testing.T) {
	for _, tc := range []struct {
		name  string
		opts  Options
		paths []string
		text  string
	}{
		{"nothing matches a glob", Options{}, []string{"testdata/*.none"}, "nothing matches"},
		{"directory without objects", Options{}, []string{t.TempDir()}, "holds no objects"},
		{"variable that no object has", Options{NoKernel: true, Vary: []Vary{{"nobody", []string{"1"}}}}, []string{object("varied.o")}, "nobody"},
		{"stage that does not exist", Options{Expect: []Expectation{{Program: "x", Stage: "end"}}}, []string{object("varied.o")}, "no stage"},
		{"expectation that names nothing", Options{NoKernel: true, Expect: []Expectation{{Program: "nobody", Stage: elfload.StagePlan}}}, []string{object("varied.o")}, "nobody"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := Run(context.Background(), tc.paths, tc.opts)
			if !errors.Is(err, elfload.ErrUsage) || !strings.Contains(err.Error(), tc.text) {
				t.Errorf("error is %v", err)
			}
		})
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Run(ctx, []string{objs}, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestBrokenFilesAreResults(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"bad.o": "\x7fELF\x02\x01\x01 and then nothing of use", "text.o": "hello, this is no object", "tiny.o": "x"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r := run(t, Options{NoKernel: true}, dir, filepath.Join(dir, "none.o"), object("varied.o"))
	var got []string
	for _, o := range r.Objects {
		got = append(got, filepath.Base(string(o.Path))+" "+string(o.Verdict))
	}
	if want := []string{"none.o failed", "varied.o passed"}; !slices.Equal(got, want) && !slices.Equal(got, append([]string{"bad.o failed"}, want...)) {
		t.Errorf("objects are %q", got)
	}
	if len(r.Skipped) < 2 {
		t.Errorf("left aside are %v", r.Skipped)
	}
}

func TestKernelConditions(t *testing.T) {
	for _, tc := range []struct {
		condition, release string
		want               bool
	}{
		{"<5.15", "5.10.0-8-amd64", true}, {"<5.15", "5.15.0", false}, {"5.15", "5.15.7", true}, {"5.15", "5.1.5", false},
		{">=5.10,<6.1", "5.15.0", true}, {">=5.10,<6.1", "6.1.0", false}, {">6.1", "6.1.5", false}, {">6.1", "6.2", true}, {"<=6.1", "6.1.99", true},
		{"6.1.0", "6.1", true}, {"6.1.2", "6.1", false},
	} {
		if got, err := kernelMatches(tc.condition, tc.release); err != nil || got != tc.want {
			t.Errorf("%q on %q: %v, %v", tc.condition, tc.release, got, err)
		}
	}
	for _, bad := range []string{"", "new", "<>5.1", "5.x", "=>5"} {
		if _, err := kernelMatches(bad, "6.1"); err == nil {
			t.Errorf("%q is taken for a condition", bad)
		}
	}
}
