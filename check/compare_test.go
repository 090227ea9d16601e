package check

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bpfload/bpfload/elfload"
)

func TestParseLimit(t *testing.T) {
	for _, tc := range []struct {
		text       string
		from, to   uint64
		metric     string
		bad, worse bool
	}{
		{text: "+10%", from: 100, to: 110}, {text: "+10%", from: 100, to: 111, worse: true}, {text: "+10%", from: 0, to: 1, worse: true},
		{text: "+0%", from: 5, to: 5}, {text: "+5", from: 100, to: 105}, {text: "+5", from: 100, to: 106, worse: true}, {text: "+10%", from: 100, to: 1},
		{text: "states:+10%", from: 1, to: 9, metric: "instructions"}, {text: "states:+10%", from: 1, to: 9, metric: "states", worse: true},
		{text: "10%", bad: true}, {text: "+x%", bad: true}, {text: "+-5", bad: true}, {text: "+NaN%", bad: true}, {text: "speed:+1%", bad: true}, {text: "", bad: true},
	} {
		l, err := ParseLimit(tc.text)
		if (err != nil) != tc.bad || (tc.bad && !errors.Is(err, elfload.ErrUsage)) {
			t.Errorf("%q: %v", tc.text, err)
			continue
		}
		if got := l.exceeded(tc.metric, tc.from, tc.to); !tc.bad && got != tc.worse {
			t.Errorf("%q from %d to %d: %v", tc.text, tc.from, tc.to, got)
		}
	}
}

// saved writes a report and reads it back, as --save and compare do.
func saved(t *testing.T, r *Report) *Report {
	t.Helper()
	file := filepath.Join(t.TempDir(), "report.json")
	var b bytes.Buffer
	if err := r.Write(&b, "json", WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	back, err := ReadReport(file)
	if err != nil {
		t.Fatal(err)
	}
	return back
}

func TestCompare(t *testing.T) {
	before, after := saved(t, sample(false)), saved(t, sample(false))
	if c := Compare(before, after, []Limit{{Relative: true}}); len(c.Changes)+len(c.New)+len(c.Vanished)+len(c.Verdicts) != 0 || c.Worse {
		t.Errorf("equal reports differ: %+v", c)
	}
	good := &after.Objects[0]
	good.Programs[0].Stats.Insns = 42
	good.Programs[0].Memory = 1
	good.Programs[1] = Check{Kind: "program", Name: "added", Verdict: Passed}
	after.Objects[1].Self.Verdict = Failed
	c := Compare(before, after, []Limit{{Relative: true, Percent: 10}})
	want := []Change{{"bpf/good.o [debug=true]: program pass", "instructions", 21, 42, true}, {"bpf/good.o [debug=true]: program pass", "memory", 4096, 1, false}}
	if !slices.Equal(c.Changes, want) || !c.Worse {
		t.Errorf("changes are %+v", c.Changes)
	}
	if !slices.Equal(c.New, []string{"bpf/good.o [debug=true]: program added"}) || !slices.Equal(c.Vanished, []string{"bpf/good.o [debug=true]: program optional"}) {
		t.Errorf("new %q, vanished %q", c.New, c.Vanished)
	}
	if !slices.Equal(c.Verdicts, []string{"bpf/bad.o: object: failed, was passed"}) {
		t.Errorf("verdicts %q", c.Verdicts)
	}
	var b bytes.Buffer
	if err := c.Write(&b, false); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"+100.0%", "-100.0%", "new: ", "vanished: ", "2 changes, 1 new, 1 vanished, 1 ended otherwise"} {
		if !strings.Contains(b.String(), text) {
			t.Errorf("the text lacks %q:\n%s", text, b.String())
		}
	}
}

// Two checkouts in different directories are compared by file names.
func TestCompareMovedObjects(t *testing.T) {
	before, after := saved(t, sample(false)), saved(t, sample(false))
	for i := range after.Objects {
		after.Objects[i].Path = "/elsewhere/" + after.Objects[i].Path
	}
	if c := Compare(before, after, nil); len(c.New)+len(c.Vanished) != 0 {
		t.Errorf("new %q, vanished %q", c.New, c.Vanished)
	}
	if c := Compare(before, &Report{}, nil); len(c.Vanished) != 11 {
		t.Errorf("vanished are %q", c.Vanished)
	}
}

func TestReadReportRefuses(t *testing.T) {
	for name, text := range map[string]string{"no JSON": "hello", "another schema": `{"schema":"bpfload/1"}`, "null": "null", "empty": ""} {
		file := filepath.Join(t.TempDir(), "x")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadReport(file); !errors.Is(err, elfload.ErrUsage) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
