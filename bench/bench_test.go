//go:build linux

package main

import (
	"bytes"
	"debug/elf"
	"encoding/xml"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestParseSample(t *testing.T) {
	s, ok := parseSample("ok 1000 2000 3000 40")
	if want := (sample{first: time.Microsecond, total: 2 * time.Microsecond, cpu: 3 * time.Microsecond, peakKB: 40}); !ok || s != want {
		t.Errorf("got %+v, %v", s, ok)
	}
	for _, line := range []string{"", "fail load no such thing", "ok 1 2 3", "ok 1 2 x 4", "1 2 3 4 5"} {
		if s, ok := parseSample(line); ok || s.failed != line {
			t.Errorf("%q: got %+v, %v", line, s, ok)
		}
	}
}

func TestParseAround(t *testing.T) {
	got, err := parseAround("ok 1 1000\nfail no such thing\nok 2 3\n", 3)
	want := []sample{{first: 1, total: time.Microsecond}, {failed: "no such thing"}, {first: 2, total: 3}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	for _, out := range []string{"", "ok 1 1", "ok 1 1\nok 2", "ok 1 1\nok 1 x", "ok 1 1\n2"} {
		if got, err := parseAround(out, 2); err == nil {
			t.Errorf("%q: %v", out, got)
		}
	}
}

func TestStatistics(t *testing.T) {
	if v := geomean([]float64{0.5, 2, 8}); math.Abs(v-2) > 1e-9 {
		t.Errorf("geometric mean %v", v)
	}
	values := []float64{4, 1, 3, 2}
	for q, want := range map[float64]float64{0: 1, 0.5: 2.5, 1: 4} {
		if v := quantile(values, q); v != want {
			t.Errorf("quantile %v is %v", q, v)
		}
	}
	if !math.IsNaN(median(nil)) {
		t.Error("a median of nothing")
	}
}

// fakeBench has two objects: one that bpfload loads in half of libbpf's time,
// one where cilium/ebpf is the faster.
func fakeBench() *bench {
	b := &bench{o: &options{rounds: 2, plot: "distribution.svg"}}
	add := func(name string, programs int, own, libbpf, cilium time.Duration) {
		o := &object{name: name, programs: programs, samples: make(map[string][]sample)}
		for round := range 2 {
			for what, d := range map[string]time.Duration{"own": own, "oracle": libbpf, "cilium": cilium} {
				d *= time.Duration(2 - round) // the second round is the quiet one
				o.samples["reads "+what] = append(o.samples["reads "+what], sample{round: round, total: d / 20})
				if name != "set/b.o" || what != "oracle" { // one that libbpf cannot load twice
					o.samples["loads "+what] = append(o.samples["loads "+what], sample{round: round, total: d / 2})
				}
				o.samples["read "+what] = append(o.samples["read "+what], sample{round: round, total: d / 10})
				o.samples["load "+what] = append(o.samples["load "+what], sample{round: round, total: d})
			}
			o.samples["outsides"] = append(o.samples["outsides"], sample{round: round, first: own / 20, total: own})
			o.samples["outside"] = append(o.samples["outside"], sample{round: round, first: own / 10, total: own})
		}
		b.objects = append(b.objects, o)
	}
	add("set/a.o", 1, 10*time.Millisecond, 20*time.Millisecond, 40*time.Millisecond)
	add("set/b.o", 9, 12*time.Millisecond, 20*time.Millisecond, 10*time.Millisecond)
	b.objects[1].notAgain = "loads oracle: 17"
	b.objects = append(b.objects, &object{name: "set/c.o", refused: "load own: no"})
	return b
}

func TestRows(t *testing.T) {
	b := fakeBench()
	want := []float64{22.0 / 40, 22.0 / 50, 22.0 / 40, 22.0 / 50, 1.2, math.NaN(), math.NaN(), 0.5, 0.5, 22.0 / 30, 0.5, 0.1, 0.05, math.NaN(), math.NaN()}
	rows := b.rows()
	if len(rows) != len(want) {
		t.Fatalf("%d rows", len(rows))
	}
	for i, r := range rows {
		if math.Abs(r.value-want[i]) > 1e-9 || math.IsNaN(r.value) != math.IsNaN(want[i]) {
			t.Errorf("%s against %s: %v instead of %v", r.what, r.against, r.value, want[i])
		}
	}
	text := b.markdown()
	for _, part := range []string{"2 objects of 3", "| 0.55 | 0.55 … 0.55 | holds |", "**misses**", "set/c.o: load own: no", "set/b.o: loads oracle: 17"} {
		if !strings.Contains(text, part) {
			t.Errorf("the report does not say %q:\n%s", part, text)
		}
	}
}

func TestTable(t *testing.T) {
	want := "object\tprograms\tcore\tread own\tread oracle\tread cilium\treads own\treads oracle\treads cilium\t" +
		"load own\tload oracle\tload cilium\tloads own\tloads oracle\tloads cilium\tfloor\toutside\toutsides\n" +
		"set/a.o\t1\tfalse\t1000.0\t2000.0\t4000.0\t500.0\t1000.0\t2000.0\t10000.0\t20000.0\t40000.0\t5000.0\t10000.0\t20000.0\t\t1000.0\t500.0\n" +
		"set/b.o\t9\tfalse\t1200.0\t2000.0\t1000.0\t600.0\t1000.0\t500.0\t12000.0\t20000.0\t10000.0\t6000.0\t\t5000.0\t\t1200.0\t600.0\n"
	if got := fakeBench().table(); got != want {
		t.Errorf("%s\ninstead of\n%s", got, want)
	}
}

func TestPlotIsXML(t *testing.T) {
	d := xml.NewDecoder(bytes.NewReader(fakeBench().svg()))
	lines := 0
	for {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == "polyline" {
			lines++
		}
	}
	if lines != 3 {
		t.Errorf("%d lines", lines)
	}
}

func TestHeight(t *testing.T) {
	if height(lowestRatio) != plotHeight-plotBottom || height(highestRatio) != plotTop || height(0) != height(lowestRatio) {
		t.Error("the scale does not go from edge to edge")
	}
}

// An object is found in a program as it went in, whatever stands around it.
func TestExtract(t *testing.T) {
	object, err := os.ReadFile("../testdata/objs/order.o")
	if err != nil {
		t.Fatal(err)
	}
	from, to := t.TempDir(), t.TempDir()
	program := append([]byte("text "+elf.ELFMAG+"\x02\x01\x01 more"), object...)
	program = append(append(program, "between"...), object...)
	program = append(program, object[:100]...) // cut off: none
	if err := os.WriteFile(filepath.Join(from, "tool"), program, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := extract(from, to); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"tool.o", "tool-1.o"} {
		got, err := os.ReadFile(filepath.Join(to, name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, object) {
			t.Errorf("%s has %d bytes instead of %d", name, len(got), len(object))
		}
	}
	if entries, _ := os.ReadDir(to); len(entries) != 2 {
		t.Errorf("%d files", len(entries))
	}
}

// Every name in the list has the form SET/FILE and stands there once, in order.
func TestList(t *testing.T) {
	text, err := os.ReadFile("objects.txt")
	if err != nil {
		t.Fatal(err)
	}
	last := ""
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "#") {
			continue
		}
		if set, file, ok := strings.Cut(line, "/"); !ok || set == "" || file == "" || line <= last {
			t.Errorf("%q after %q", line, last)
		}
		last = line
	}
}

func TestClassify(t *testing.T) {
	for name, core := range map[string]bool{"core.o": true, "order.o": false} {
		o := &object{path: "../testdata/objs/" + name}
		if err := o.classify(); err != nil || o.core != core || o.programs != 1 || o.size == 0 {
			t.Errorf("%s: %+v, %v", name, o, err)
		}
	}
}
