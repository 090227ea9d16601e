//go:build linux

package main

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"time"
)

// markdown is the report.
func (b *bench) markdown() string {
	var s strings.Builder
	s.WriteString("# How fast bpfload is\n\nMade by `make bench`; `bench/doc.go` says what is measured and how, [NOTES.md](NOTES.md) where the time goes.\n\n")
	if b.o.note != "" {
		s.WriteString(b.o.note + "\n\n")
	}
	clock := "wall time"
	if b.o.cpu {
		clock = "processor time (the machine was not idle)"
	}
	fmt.Fprintf(&s, "%d objects of %d in the list, %d rounds, %d CPUs, %s. ", len(b.loaded()), len(b.objects)+len(b.missing), b.o.rounds, runtime.NumCPU(), clock)
	s.WriteString("Spread: the lowest and the highest ratio of single rounds.\n\n")
	s.WriteString("| what | against | goal | ratio | spread | | measured |\n|---|---|---:|---:|---|---|---|\n")
	for _, r := range b.rows() {
		s.WriteString(r.markdown())
	}
	if b.o.plot != "" {
		s.WriteString("\n![time to load, object by object](distribution.svg)\n")
	}
	b.writeBySet(&s)
	b.writeLeftOut(&s)
	return s.String()
}

func (r *row) markdown() string {
	number := func(v float64) string {
		switch {
		case math.IsNaN(v) || math.IsInf(v, 0):
			return "–"
		case r.percent:
			return fmt.Sprintf("%.0f %%", 100*v)
		}
		return fmt.Sprintf("%.2f", v)
	}
	goal, mark := "", ""
	if r.goal != 0 {
		goal, mark = "≤ "+number(r.goal), "**misses**"
		if r.holds() {
			mark = "holds"
		}
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s … %s | %s | %s |\n", r.what, r.against, goal, number(r.value), number(r.low), number(r.high), mark, r.detail)
}

// writeBySet tells the sums of each set of objects.
func (b *bench) writeBySet(s *strings.Builder) {
	loaded := b.loaded()
	if len(loaded) == 0 {
		return
	}
	s.WriteString("\n## By set, in ms\n\n| set | objects | read: bpfload | libbpf | cilium/ebpf | load: bpfload | libbpf | cilium/ebpf | floor |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|\n")
	var sets []string
	for _, o := range loaded {
		if set, _, _ := strings.Cut(o.name, "/"); !slices.Contains(sets, set) {
			sets = append(sets, set)
		}
	}
	for _, set := range append(sets, "") {
		title, n := set, 0
		if set == "" {
			title = "all"
		}
		columns := [...]string{"read own", "read oracle", "read cilium", "load own", "load oracle", "load cilium"}
		var sums [len(columns) + 1]float64
		for _, o := range loaded {
			if set != "" && !strings.HasPrefix(o.name, set+"/") {
				continue
			}
			n++
			for i, c := range columns {
				sums[i] += b.value(o, c, best)
			}
			if v := b.wall(o, "floor", best); !math.IsInf(v, 0) {
				sums[len(columns)] += v
			}
		}
		fmt.Fprintf(s, "| %s | %d |", title, n)
		for _, v := range sums {
			fmt.Fprintf(s, " %.1f |", v/1e6)
		}
		s.WriteString("\n")
	}
}

// table is each object's best values in µs, for those who look for the objects behind
// a row; "" where there is none.
func (b *bench) table() string {
	columns := [...]string{"read own", "read oracle", "read cilium", "reads own", "reads oracle", "reads cilium",
		"load own", "load oracle", "load cilium", "loads own", "loads oracle", "loads cilium", "floor", "outside", "outsides"}
	var s strings.Builder
	s.WriteString("object\tprograms\tcore")
	for _, c := range columns {
		s.WriteString("\t" + c)
	}
	s.WriteString("\n")
	for _, o := range b.loaded() {
		fmt.Fprintf(&s, "%s\t%d\t%t", o.name, o.programs, o.core)
		for _, c := range columns {
			s.WriteString("\t")
			value := b.wall(o, c, best)
			if strings.HasPrefix(c, "outside") {
				value = o.least(c, best, func(s sample) time.Duration { return s.first })
			}
			if !math.IsInf(value, 0) {
				fmt.Fprintf(&s, "%.1f", value/1e3)
			}
		}
		s.WriteString("\n")
	}
	return s.String()
}

// writeLeftOut names what does not count, and why.
func (b *bench) writeLeftOut(s *strings.Builder) {
	var lines []string
	for _, o := range b.objects {
		for _, why := range [...]string{o.refused, o.notAgain} {
			if why != "" {
				lines = append(lines, fmt.Sprintf("- %s: %s\n", o.name, strings.ReplaceAll(why, "|", "/")))
			}
		}
	}
	if len(lines)+len(b.missing) == 0 {
		return
	}
	s.WriteString("\n## Left out\n\n")
	for _, l := range lines {
		s.WriteString(l)
	}
	if len(b.missing) > 0 {
		fmt.Fprintf(s, "- not found: %s\n", strings.Join(b.missing, ", "))
	}
}
