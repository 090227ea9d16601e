package bpftest_test

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/bpfload/bpfload/bpftest"
	"github.com/bpfload/bpfload/elfload"
	"github.com/bpfload/bpfload/internal/kerneltest"
)

const flows = "testdata/flows.o"

// recorder is a testing.TB that notes what a helper does to a test.
type recorder struct {
	testing.TB
	fatal, errs, skip string
	cleanups          []func()
}

func (r *recorder) Helper()          {}
func (r *recorder) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }
func (r *recorder) Fatal(args ...any) {
	r.fatal += fmt.Sprint(args...)
	runtime.Goexit()
}
func (r *recorder) Fatalf(format string, args ...any) {
	r.fatal += fmt.Sprintf(format, args...)
	runtime.Goexit()
}
func (r *recorder) Errorf(format string, args ...any) { r.errs += fmt.Sprintf(format, args...) }
func (r *recorder) Skip(args ...any) {
	r.skip += fmt.Sprint(args...)
	runtime.Goexit()
}

// watch runs f as a test of its own and tells how it ended.
func watch(f func(t testing.TB)) *recorder {
	r := &recorder{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(r)
	}()
	<-done
	for _, c := range slices.Backward(r.cleanups) {
		c()
	}
	return r
}

func TestLoadRunsAndCompares(t *testing.T) {
	kerneltest.Require(t)
	t.Parallel()
	o := bpftest.Load(t, flows, bpftest.Var("add", 5))
	for range 3 {
		ret, out := bpftest.Run(t, o.Program("count"), []byte{1, 2, 3})
		if ret != 2 || len(out) != 14 || out[2] != 3 {
			t.Errorf("returns %d and % x", ret, out)
		}
	}
	type key struct {
		SrcAddr uint32
		SrcPort int
		Delta   int16
	}
	type value struct {
		Packets uint64
		Verdict string
		Title   string `bpf:"name"`
		Mac     []int
		Seen    bool
		Low     uint8
		High    uint8
		Whole   uint32
		Half    uint16
	}
	bpftest.AssertMap(t, o.Map(t, "flows"), map[key]value{
		{0x0a000001, 80, -1}: {2, "DENY", "eth0", []int{1, 2, 3, 4, 5, 6}, true, 3, 12, 0x10002, 2}})
	bpftest.AssertMap(t, o.Map(t, "flows"), map[any]any{
		key{0x0a000001, 80, -1}: map[string]any{"verdict": 7, "name": []byte("eth0"), "mac": [6]uint8{1, 2, 3, 4, 5, 6}}})
	bpftest.AssertMap(t, o.Map(t, "counts"), []int{0, 15})
	bpftest.AssertMap(t, o.Map(t, "counts"), map[int]uint64{1: 15})
	bpftest.AssertMap(t, o.Map(t, "plain"), [][]byte{{0, 0, 0, 0}, {0, 0, 0, 0}})
	o.AssertVar(t, "total", 15)
	o.AssertVar(t, "below", -3)
	o.AssertVar(t, "add", uint8(5))
}

func TestAssertMapTellsEveryDifference(t *testing.T) {
	kerneltest.Require(t)
	t.Parallel()
	o := bpftest.Load(t, flows)
	bpftest.Run(t, o.Program("count"), nil)
	type key struct{ SrcAddr, SrcPort, Delta int }
	here := key{0x0a000001, 80, -1}
	for _, tc := range []struct {
		name, m string
		want    any
		errs    []string
	}{
		{"a member", "flows", map[key]any{here: map[string]any{"packets": 3, "verdict": "ALLOW"}}, []string{".packets: 2, want 3", ".verdict: DENY (7), want ALLOW"}},
		{"a text", "flows", map[key]any{here: map[string]any{"name": "eth1"}}, []string{`.name: "eth0", want eth1`}},
		{"an element", "flows", map[key]any{here: map[string]any{"mac": []int{1, 2, 9}}}, []string{".mac: 6 elements, want 3", ".mac[2]: 3, want 9"}},
		{"no such member", "flows", map[key]any{here: struct{ Bytes int }{}}, []string{`has no member "Bytes"`}},
		{"missing and too much", "flows", map[key]any{{1, 2, 3}: nil}, []string{"is missing", "is not wanted: {packets: 2"}},
		{"another kind", "flows", map[key]any{here: 7}, []string{"a struct, want int"}},
		{"sum of CPUs", "counts", map[int]int{1: 7}, []string{"[1]: 1, want 7"}},
		{"number of elements", "plain", [][]byte{{0, 0, 0, 0}}, []string{"2 elements, want 1"}},
		{"bytes", "plain", map[int][]byte{1: {1, 0, 0, 0}}, []string{"00 00 00 00, want 01 00 00 00"}},
		{"no types", "plain", map[int]int{1: 0}, []string{"BTF does not tell"}},
		{"negative is not large", "flows", map[any]any{struct{ Delta uint16 }{0xffff}: nil}, []string{"is missing"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := watch(func(t testing.TB) { bpftest.AssertMap(t, o.Map(t, tc.m), tc.want) })
			if r.fatal != "" {
				t.Fatal(r.fatal)
			}
			for _, text := range tc.errs {
				if !strings.Contains(r.errs, text) {
					t.Errorf("no %q in %q", text, r.errs)
				}
			}
		})
	}
	if r := watch(func(t testing.TB) { bpftest.AssertMap(t, o.Map(t, "flows"), 7) }); !strings.Contains(r.fatal, "not with int") {
		t.Errorf("a number for a map: %q", r.fatal)
	}
	if r := watch(func(t testing.TB) { o.Map(t, "nobody") }); !strings.Contains(r.fatal, `"nobody"`) {
		t.Errorf("no map: %q", r.fatal)
	}
	if r := watch(func(t testing.TB) { o.AssertVar(t, "nobody", 1) }); !strings.Contains(r.fatal, `"nobody"`) {
		t.Errorf("no variable: %q", r.fatal)
	}
	if r := watch(func(t testing.TB) { o.AssertVar(t, "total", 2) }); !strings.Contains(r.errs, ".total: 1, want 2") {
		t.Errorf("a variable: %q", r.errs)
	}
	if r := watch(func(t testing.TB) { bpftest.Run(t, o.Program("nobody"), nil) }); !strings.Contains(r.fatal, "no such program") {
		t.Errorf("no program: %q", r.fatal)
	}
}

func TestRefusalsAreShownByLinesOfC(t *testing.T) {
	kerneltest.Require(t)
	t.Parallel()
	r := watch(func(t testing.TB) { bpftest.Load(t, flows, bpftest.Autoload("forgets")) })
	for _, text := range []string{`program "forgets"`, "flows.c", "return s->packets", "R0 invalid mem access", "may be NULL"} {
		if !strings.Contains(r.fatal, text) {
			t.Errorf("no %q in %q", text, r.fatal)
		}
	}
	if r.skip != "" {
		t.Errorf("skipped: %q", r.skip)
	}
	for name, path := range map[string]string{"no file": "testdata/none.o", "no object": "testdata/flows.c"} {
		if r := watch(func(t testing.TB) { bpftest.Load(t, path) }); r.fatal == "" || r.skip != "" {
			t.Errorf("%s: fatal %q, skip %q", name, r.fatal, r.skip)
		}
	}
}

func TestExpectReject(t *testing.T) {
	kerneltest.Require(t)
	t.Parallel()
	with := bpftest.Autoload("forgets")
	bpftest.ExpectReject(t, flows, "forgets", elfload.StageProgram, "invalid mem access '.*or_null'", with)
	bpftest.ExpectReject(t, "testdata/flows.c", "", elfload.StageRead, "")
	bpftest.ExpectReject(t, flows, "flows", elfload.StagePlan, "max_entries", bpftest.MapField("flows", "max_entries", 0))
	for _, tc := range []struct {
		name, prog, pattern, want string
		stage                     elfload.Stage
	}{
		{"it passes", "count", "", "was not", elfload.StageProgram},
		{"another stage", "forgets", "", "was otherwise", elfload.StageMap},
		{"another message", "forgets", "unknown func", "was otherwise", elfload.StageProgram},
		{"no such program", "nobody", "", "no program or map", elfload.StageProgram},
		{"no pattern", "forgets", "(", "pattern", elfload.StageProgram},
		{"the object passes", "", "", "was not", elfload.StageRead},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := watch(func(t testing.TB) { bpftest.ExpectReject(t, flows, tc.prog, tc.stage, tc.pattern, with) })
			if !strings.Contains(r.fatal, tc.want) {
				t.Errorf("fatal %q, want %q", r.fatal, tc.want)
			}
		})
	}
}

func TestPrograms(t *testing.T) {
	kerneltest.Require(t)
	var names []string
	bpftest.Programs(t, flows, func(t *testing.T, p *elfload.LoadedProgram) {
		names = append(names, p.Name)
		if p.Stats == nil || p.Stats.Insns == 0 {
			t.Error("no statistics")
		}
	})
	if !slices.Equal(names, []string{"count"}) {
		t.Errorf("programs are %q", names)
	}
}
