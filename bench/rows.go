//go:build linux

package main

import (
	"fmt"
	"math"
	"time"
)

// row is one line of the table.
type row struct {
	what, against string
	goal          float64 // the highest value that is good; 0: for information
	value         float64
	low, high     float64 // of single rounds
	detail        string
	percent       bool
}

func (r *row) holds() bool { return r.value <= r.goal }

// compared is how a row over objects is computed.
type compared struct {
	what, against string
	goal          float64
	objects       func(*object) bool
	own, anchor   func(o *object, round int) float64
	mean          bool // geometric mean of the objects' ratios, instead of the ratio of sums
}

func (b *bench) rows() []row {
	var rows []row
	if len(b.loaded()) > 0 {
		of := func(what string) func(*object, int) float64 {
			return func(o *object, round int) float64 { return b.value(o, what, round) }
		}
		clock := func(what string) func(*object, int) float64 {
			return func(o *object, round int) float64 { return b.wall(o, what, round) }
		}
		all := func(*object) bool { return true }
		small := func(core bool) func(*object) bool {
			return func(o *object) bool { return !o.many() && o.core == core }
		}
		for _, c := range [...]compared{
			{"read: open to ordered definitions and programs, sum, one process for all", "libbpf's `bpf_object__open`", 1.0, all, clock("reads own"), clock("reads oracle"), false},
			{"the same", "`ebpf.LoadCollectionSpec`", 0.2, all, clock("reads own"), clock("reads cilium"), false},
			{"the same, a fresh process for each", "libbpf's `bpf_object__open`", 1.0, all, of("read own"), of("read oracle"), false},
			{"the same, a fresh process for each", "`ebpf.LoadCollectionSpec`", 0.2, all, of("read own"), of("read cilium"), false},
			{"load, objects with 8 programs or more, sum", "the faster of libbpf and cilium/ebpf", 0.6, (*object).many, of("load own"), b.faster, false},
			{"the same, one process for all", "the faster of libbpf and cilium/ebpf", 0.6, (*object).many, clock("loads own"), b.fasterAround, false},
			{"load, small CO-RE objects, geometric mean", "libbpf", 0.6, small(true), of("load own"), of("load oracle"), true},
			{"load, small objects without CO-RE, geometric mean", "the faster of the two, object by object", 0.9, small(false), of("load own"), b.faster, true},
			{"the same, one process for all", "the faster of the two, object by object", 0, small(false), clock("loads own"), b.fasterAround, true},
			{"load, sum over all objects", "the faster of the two, object by object", 0.92, all, of("load own"), b.faster, false},
			{"the same, one process for all", "the faster of the two, object by object", 0.92, all, clock("loads own"), b.fasterAround, false},
		} {
			rows = append(rows, b.row(&c))
		}
		rows = append(rows, b.outside("outside", "time outside bpf(2) during a load, median object"),
			b.outside("outsides", "the same, one process for all"))
	}
	rows = append(rows, b.extra...)
	if len(b.loaded()) > 0 {
		rows = append(rows, b.memory(), b.floor())
	}
	return rows
}

func (b *bench) row(c *compared) row {
	r := row{what: c.what, against: c.against, goal: c.goal, low: math.Inf(1), high: math.Inf(-1)}
	var n int
	var own, anchor float64
	r.value, n, own, anchor = b.ratio(c, best)
	r.detail = fmt.Sprintf("%d objects: %s against %s", n, milliseconds(own), milliseconds(anchor))
	for round := range b.o.rounds {
		if v, _, _, _ := b.ratio(c, round); !math.IsNaN(v) {
			r.low, r.high = min(r.low, v), max(r.high, v)
		}
	}
	return r
}

// ratio compares in one round, or the best of all; n objects, and both sums.
func (b *bench) ratio(c *compared, round int) (v float64, n int, own, anchor float64) {
	var ratios []float64
	for _, o := range b.loaded() {
		if !c.objects(o) {
			continue
		}
		x, y := c.own(o, round), c.anchor(o, round)
		if math.IsInf(x, 0) || math.IsInf(y, 0) {
			continue
		}
		own, anchor = own+x, anchor+y
		ratios = append(ratios, x/y)
	}
	if c.mean {
		return geomean(ratios), len(ratios), own, anchor
	}
	return own / anchor, len(ratios), own, anchor
}

func milliseconds(ns float64) string {
	return fmt.Sprintf("%.1f ms", ns/float64(time.Millisecond))
}

// outside is the share of a load's time that no thread spent in bpf(2).
func (b *bench) outside(samples, what string) row {
	share := func(round int) (all []float64) {
		for _, o := range b.loaded() {
			low := math.Inf(1)
			for _, s := range o.samples[samples] {
				if round == best || s.round == round {
					low = min(low, float64(s.first)/float64(s.total))
				}
			}
			if !math.IsInf(low, 0) {
				all = append(all, low)
			}
		}
		return all
	}
	all := share(best)
	r := row{what: what, against: "the load's wall time", goal: 0.15, value: median(all), percent: true,
		low: math.Inf(1), high: math.Inf(-1),
		detail: fmt.Sprintf("%d objects: quartiles %.0f %% and %.0f %%", len(all), 100*quantile(all, 0.25), 100*quantile(all, 0.75))}
	for round := range b.o.rounds {
		v := median(share(round))
		r.low, r.high = min(r.low, v), max(r.high, v)
	}
	return r
}

// memory compares the peak of the processes that load small CO-RE objects.
func (b *bench) memory() row {
	var ratios []float64
	var own, other float64
	for _, o := range b.loaded() {
		if !o.core {
			continue
		}
		x, y := peak(o, "load own"), peak(o, "load oracle")
		own, other = max(own, x), max(other, y)
		ratios = append(ratios, x/y)
	}
	return row{what: "peak memory of a CO-RE load, median object", against: "libbpf's", goal: 1.5, value: median(ratios),
		low: quantile(ratios, 0), high: quantile(ratios, 1),
		detail: fmt.Sprintf("%d objects: at most %.1f MiB against %.1f MiB; spread over objects", len(ratios), own/1024, other/1024)}
}

// peak is the lowest of all rounds, in KiB.
func peak(o *object, what string) float64 {
	low := math.Inf(1)
	for _, s := range o.samples[what] {
		low = min(low, float64(s.peakKB))
	}
	return low
}

// floor compares with the same system calls and nothing around them.
func (b *bench) floor() row {
	c := compared{what: "load, sum over all objects", against: "the floor: the same bpf(2) calls, replayed", objects: func(o *object) bool { return len(o.samples["floor"]) > 0 },
		own:    func(o *object, round int) float64 { return b.value(o, "load own", round) },
		anchor: func(o *object, round int) float64 { return b.wall(o, "floor", round) }}
	return b.row(&c)
}

// wall is value by the clock: a replay does not tell of its processor time.
func (b *bench) wall(o *object, what string, round int) float64 {
	return o.least(what, round, func(s sample) time.Duration { return s.total })
}
