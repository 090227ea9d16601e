package check

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/bpfload/bpfload/elfload"
)

// on is the sample as a guest with that kernel sends it.
func on(t *testing.T, release string, image elfload.Text, change func(*Report)) On {
	t.Helper()
	r := sample(false)
	r.Kernel.Release = release
	r.Objects = r.Objects[:2]
	change(r)
	r.count()
	var b bytes.Buffer
	if err := r.Write(&b, "json", WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	back, err := Decode(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return On{Kernel: Kernel{Image: image, Accel: "tcg"}, Report: back}
}

// sampleMatrix is three kernels: one where something fails, one where all is
// well, one that died.
func sampleMatrix(t *testing.T) *Report {
	t.Helper()
	well := func(r *Report) {
		r.Objects[1].Maps[0] = Check{Kind: "map", Name: "too_new", Type: "arena", Verdict: Passed}
		r.Objects[1].Programs = r.Objects[1].Programs[1:2]
	}
	dead := On{Kernel: Kernel{Image: "kernels/vmlinuz-7.0"}, Err: errors.New("the guest died: its kernel panicked"),
		Console: []string{"[    1.0] Run /init as init process", "[    1.1] Kernel panic - not syncing: Attempted to kill init!"}}
	return Merge([]On{on(t, "6.1.0-56", "kernels/6.1.deb", func(*Report) {}), on(t, "6.18.0", "", well), dead}, false)
}

func TestMatrix(t *testing.T) {
	r := sampleMatrix(t)
	var labels []string
	for i := range r.Objects {
		labels = append(labels, r.Objects[i].Label()+": "+string(r.Objects[i].Verdict))
	}
	want := []string{"kernels/vmlinuz-7.0: failed", "bpf/good.o [debug=true] on 6.1.0-56: passed", "bpf/good.o [debug=true] on 6.18.0: passed",
		"bpf/bad.o on 6.1.0-56: failed", "bpf/bad.o on 6.18.0: expected_failure"}
	if !slices.Equal(labels, want) {
		t.Errorf("loads are\n%q\nwant\n%q", labels, want)
	}
	if r.OK() || r.Totals.Objects != 2 || r.Totals.Loads != 4 || r.Totals.Failed != 2 {
		t.Errorf("ok %v, totals %+v", r.OK(), r.Totals)
	}
	rows := r.matrix()
	if len(rows) != 2 || rows[1].label != "bpf/bad.o" {
		t.Fatalf("rows %+v", rows)
	}
	for i, want := range []string{"failed", "expected failure", "no report"} {
		if got := r.matrixCell(i, rows[1].cells[i]).text; got != want {
			t.Errorf("kernel %d: %q, want %q", i, got, want)
		}
	}
	// The status of the process is that of the first failure, which is an error
	// again although it came as JSON.
	r.Objects = r.Objects[1:]
	if err := r.Err(); !errors.Is(err, elfload.ErrVerifier) {
		t.Errorf("first error is %v", err)
	}
}

// A kernel that does not come to check is a failure even if it is the only one.
func TestDeadKernelIsNotGreen(t *testing.T) {
	r := Merge([]On{{Kernel: Kernel{Image: "x"}, Err: errors.New("dead")}}, false)
	if r.OK() || r.Err() == nil {
		t.Errorf("ok %v, error %v", r.OK(), r.Err())
	}
}

func TestKernelsAreCalledApart(t *testing.T) {
	same := func(*Report) {}
	r := Merge([]On{on(t, "6.1.0", "a/one.deb", same), on(t, "6.1.0", "a/two.deb", same), on(t, "6.1.0", "b/two.deb", same)}, false)
	var got []string
	for i := range r.Kernels {
		got = append(got, r.Kernels[i].Name)
	}
	if !slices.Equal(got, []string{"6.1.0", "6.1.0 (two.deb)", "6.1.0 (two.deb) (2)"}) {
		t.Errorf("names are %q", got)
	}
	for _, row := range r.matrix() {
		if slices.Contains(row.cells, nil) {
			t.Errorf("%s lacks a kernel", row.label)
		}
	}
}

func TestKernelsAreComparedBySeries(t *testing.T) {
	same := func(*Report) {}
	before := Merge([]On{on(t, "6.1.0-50", "", same), on(t, "6.12.3", "", same)}, false)
	after := Merge([]On{on(t, "6.1.0-56", "", func(r *Report) { grown(&r.Objects[0].Programs[0], 100) }), on(t, "6.12.9", "", same)}, false)
	c := Compare(before, after, nil)
	if len(c.New)+len(c.Vanished)+len(c.Verdicts) != 0 || len(c.Changes) != 1 || !strings.Contains(c.Changes[0].Check, "on 6.1:") || c.Changes[0].New != 100 {
		t.Errorf("%+v", c)
	}
	c = Compare(before, Merge([]On{on(t, "6.1.0-56", "", same)}, false), nil)
	if len(c.Vanished) == 0 || len(c.New) != 0 {
		t.Errorf("a kernel vanished: %+v", c)
	}
}

// grown gives the check statistics of its own.
func grown(c *Check, insns uint64) {
	stats := *c.Stats
	stats.Insns = insns
	c.Stats = &stats
}

func TestDecodeRefuses(t *testing.T) {
	for _, text := range []string{"", "{", `{"schema":"bpfload/1"}`, "null"} {
		if r, err := Decode([]byte(text)); err == nil {
			t.Errorf("%q: %+v", text, r)
		}
	}
}

// Every class is one that an error can come back from.
func TestClassesComeBack(t *testing.T) {
	for _, row := range classes {
		c := causeOf(&elfload.Error{Kind: row.kind, Stage: elfload.StageMap, Err: errors.New("x")}, elfload.SourceLine{})
		if err := c.asError(); !errors.Is(err, row.kind) || c.Class != row.name {
			t.Errorf("%s: %v, %v", row.name, c.Class, err)
		}
	}
}
