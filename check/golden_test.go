package check

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bpfload/bpfload/elfload"
	"github.com/bpfload/bpfload/verifierlog"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const sampleLog = "; return *value; @ prog.c:30\n7: (79) r0 = *(u64 *)(r0 +0)\nR0 invalid mem access 'map_value_or_null'\nprocessed 7 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0\n"

// sample has every verdict, and names that try to break out of each format.
func sample(require bool) *Report {
	refused := &elfload.Error{Stage: elfload.StageProgram, Kind: elfload.ErrVerifier, Code: "verifier", Section: "xdp", Symbol: "broken", Errno: 13,
		Err: errors.New("R0 invalid mem access 'map_value_or_null'"), Hint: "check it", Log: sampleLog,
		Source: elfload.SourceLine{File: "/repo/bpf/prog.c", Line: 30, Col: 9, Text: "return *value;"}}
	stats := &verifierlog.Stats{Insns: 21, TotalStates: 2, PeakStates: 1, Time: 46 * time.Microsecond, Stack: []uint64{8, 16}}
	failed := func(c Check) Check { c.fail(refused, elfload.SourceLine{}); return c }
	unproven := failed(Check{Kind: "map", Name: "too_new", Type: "arena"})
	unproven.Verdict, unproven.Proof = Unproven, &Proof{Missing: "feature", Probe: "creating a minimal map of type Arena", Errno: 22, ErrnoName: "EINVAL", Outcome: "the kernel does not know it"}
	expected := failed(Check{Kind: "program", Name: "old", Type: "xdp"})
	expected.Verdict, expected.Note = Expected, "failed as expected"
	r := &Report{Schema: Schema, Require: require, Kernel: Kernel{Release: "6.18.0", Machine: "amd64"}, Kernels: []Kernel{}, Skipped: []Skipped{{"bpf/host.o", "is for another machine: EM_X86_64"}},
		Objects: []Object{
			{Path: "bpf/good.o", Variant: []Setting{{"debug", "true"}}, Self: Check{Kind: "object", Name: "bpf/good.o", Verdict: Passed},
				Maps:     []Check{{Kind: "map", Name: "events", Type: "ringbuf", Verdict: Passed, Memory: 66000}},
				Programs: []Check{{Kind: "program", Name: "pass", Type: "xdp", Verdict: Passed, Stats: stats, Memory: 4096}, {Kind: "program", Name: "optional", Verdict: LeftOut}},
				Time:     3 * time.Millisecond, Stages: []StageResult{{elfload.StageRead, Passed}}, Warnings: []elfload.DocumentWarning{}},
			{Path: "bpf/bad.o", Variant: []Setting{}, Self: Check{Kind: "object", Name: "bpf/bad.o", Verdict: Passed}, Maps: []Check{unproven},
				Programs: []Check{failed(Check{Kind: "program", Name: "broken", Type: "xdp", Stats: stats}), expected,
					{Kind: "program", Name: "fixed", Type: "xdp", Verdict: Unexpected, Note: "passed, but was to fail at stage program"}},
				Time: time.Millisecond, Stages: []StageResult{}, Warnings: []elfload.DocumentWarning{}},
			{Path: "bpf/e|vil::%\n<#>&.o", Variant: []Setting{}, Self: failed(Check{Kind: "object", Name: "x"}), Maps: []Check{},
				Programs: []Check{{Kind: "program", Name: "p\x1b[31m", Verdict: NotRun}}, Stages: []StageResult{}, Warnings: []elfload.DocumentWarning{}},
		}}
	r.count()
	return r
}

func TestFormatsAreGolden(t *testing.T) {
	for _, format := range Formats() {
		t.Run(format, func(t *testing.T) { golden(t, sample(false), format, "report."+format) })
		t.Run("matrix "+format, func(t *testing.T) { golden(t, sampleMatrix(t), format, "matrix."+format) })
	}
	if err := sample(false).Write(io.Discard, "yaml", WriteOptions{}); !errors.Is(err, elfload.ErrUsage) {
		t.Errorf("an unknown format: %v", err)
	}
}

// golden compares what is written with a file of testdata.
func golden(t *testing.T, r *Report, format, name string) {
	t.Helper()
	var b bytes.Buffer
	if err := r.Write(&b, format, WriteOptions{Root: "/repo", Time: time.Unix(1e9, 0)}); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(b.String(), "\x1b\r") {
		t.Error("controls of a name came through")
	}
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("differs from %s (-update rewrites it):\n%s", file, b.String())
	}
}

func TestTotalsAndVerdicts(t *testing.T) {
	r := sample(false)
	want := Totals{Objects: 3, Loads: 3, Maps: 2, Programs: 6, Passed: 4, Failed: 2, Expected: 1, Unexpected: 1, Unproven: 1, LeftOut: 1, NotRun: 1}
	if r.Totals != want {
		t.Errorf("totals are %+v", r.Totals)
	}
	for i, v := range []Verdict{Passed, Failed, Failed} {
		if r.Objects[i].Verdict != v {
			t.Errorf("object %d: %s, want %s", i, r.Objects[i].Verdict, v)
		}
	}
	if r.OK() || !errors.Is(r.Err(), elfload.ErrVerifier) {
		t.Errorf("ok %v, first error %v", r.OK(), r.Err())
	}
}

func TestUnprovenFailsWhereProofIsRequired(t *testing.T) {
	for _, require := range []bool{false, true} {
		r := sample(require)
		r.Objects = r.Objects[1:2]
		r.Objects[0].Programs = nil
		r.count()
		if r.Objects[0].Verdict != Unproven || r.OK() == require {
			t.Errorf("require %v: verdict %s, ok %v", require, r.Objects[0].Verdict, r.OK())
		}
		var tap bytes.Buffer
		if err := r.Write(&tap, "tap", WriteOptions{}); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(tap.String(), "not ok 2") != require {
			t.Errorf("require %v:\n%s", require, tap.String())
		}
	}
}

func TestJSONComesBack(t *testing.T) {
	var b bytes.Buffer
	if err := sample(true).Write(&b, "json", WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	var back Report
	if err := json.Unmarshal(b.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	if got := back.Objects[2].Path; got != "bpf/e|vil::%\n<#>&.o" {
		t.Errorf("the path came back as %q", got)
	}
	if c := back.Objects[1].Programs[0].Cause; c == nil || c.Line != 30 || c.Errno != 13 || c.Log != sampleLog || c.Class != "verifier" {
		t.Errorf("the cause came back as %+v", c)
	}
	if strings.Contains(b.String(), ": null") {
		t.Error("a list is null")
	}
}

// Ant's JUnit.xsd, which is the stricter one: the attributes and children of each
// element, "*" after what may be missing.
func TestJUnitKeepsToTheSchema(t *testing.T) {
	attributes := map[string]string{"testsuites": "", "testsuite": "errors failures hostname id name package skipped* tests time timestamp",
		"properties": "", "property": "name value", "testcase": "classname name time", "skipped": "message*", "failure": "message type", "system-out": "", "system-err": ""}
	children := map[string]string{"testsuites": "(testsuite )*", "testsuite": "properties (testcase )*system-out system-err ", "properties": "(property )*",
		"testcase": "(skipped |failure )?", "property": "", "skipped": "", "failure": "", "system-out": "", "system-err": ""}
	for _, r := range []*Report{sample(false), sample(true), sampleMatrix(t), {Objects: []Object{{Path: "x"}}}} {
		var b bytes.Buffer
		if err := r.Write(&b, "junit", WriteOptions{}); err != nil {
			t.Fatal(err)
		}
		type open struct{ name, children string }
		stack := []open{{}}
		for d := xml.NewDecoder(&b); ; {
			token, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			switch e := token.(type) {
			case xml.StartElement:
				name := e.Name.Local
				stack[len(stack)-1].children += name + " "
				stack = append(stack, open{name: name})
				var have []string
				for _, a := range e.Attr {
					have = append(have, a.Name.Local)
				}
				for _, want := range strings.Fields(attributes[name]) {
					want, optional := strings.CutSuffix(want, "*")
					if i := slices.Index(have, want); i >= 0 {
						have = slices.Delete(have, i, i+1)
					} else if !optional {
						t.Errorf("%s without %s", name, want)
					}
				}
				if len(have) > 0 {
					t.Errorf("%s with %q", name, have)
				}
			case xml.EndElement:
				top := stack[len(stack)-1]
				stack = stack[:len(stack)-1]
				want, known := children[top.name]
				if !known || !regexp.MustCompile("^"+want+"$").MatchString(top.children) {
					t.Errorf("%s has %q, want %q", top.name, top.children, want)
				}
			}
		}
	}
}

// The parts of the JUnit schema that readers insist on: attributes that must be
// there, children in order, and counts that agree.
func TestJUnitCounts(t *testing.T) {
	var b bytes.Buffer
	if err := sample(true).Write(&b, "junit", WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	var all junitSuites
	if err := xml.Unmarshal(b.Bytes(), &all); err != nil {
		t.Fatal(err)
	}
	tests, failures := 0, 0
	for _, s := range all.Suites {
		var got [3]int
		for _, c := range s.Cases {
			got[0]++
			if c.Failure != nil {
				got[1]++
			}
			if c.Skipped != nil {
				got[2]++
			}
			if c.Name == "" || c.ClassName == "" {
				t.Errorf("a case without a name: %+v", c)
			}
		}
		if want := [3]int{s.Tests, s.Failures, s.Skipped}; !reflect.DeepEqual(got, want) {
			t.Errorf("suite %q has %v and says %v", s.Name, got, want)
		}
		tests, failures = tests+s.Tests, failures+s.Failures
	}
	if tests != 11 || failures != 4 {
		t.Errorf("%d tests and %d failures", tests, failures)
	}
}
