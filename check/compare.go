package check

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/bpfload/bpfload/elfload"
)

// maxReport bounds the size in bytes of a report that is read.
const maxReport = 1 << 30

// ReadReport reads a report that was written as JSON.
func ReadReport(file string) (*Report, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, usage(err)
	}
	defer f.Close()
	var r Report
	if err := json.NewDecoder(io.LimitReader(f, maxReport)).Decode(&r); err != nil {
		return nil, usage(fmt.Errorf("%q is no report: %w", file, err))
	}
	if r.Schema != Schema {
		return nil, usage(fmt.Errorf("%q has schema %q; this bpfload reads %q", file, r.Schema, Schema))
	}
	return &r, nil
}

// metric is one number that is compared.
type metric struct {
	name string
	of   func(*Check) uint64
}

// metrics in the order of the table.
var metrics = [...]metric{
	{"instructions", func(c *Check) uint64 { return c.stat().Insns }},
	{"states", func(c *Check) uint64 { return c.stat().TotalStates }},
	{"peak_states", func(c *Check) uint64 { return c.stat().PeakStates }},
	{"stack", func(c *Check) uint64 { s := c.stat(); return s.MaxStack() }},
	{"memory", func(c *Check) uint64 { return c.Memory }},
	{"maps", func(c *Check) uint64 { return c.maps }},
}

// Limit is how much a number may grow.
type Limit struct {
	Metric  string  // "" for every one
	Percent float64 // with Relative
	Amount  uint64
	// Relative: Percent counts, else Amount.
	Relative bool
}

// ParseLimit reads "+10%", "+500" or either behind the name of a metric and a
// colon: "instructions:+10%".
func ParseLimit(s string) (Limit, error) {
	var l Limit
	text := s
	if name, rest, ok := strings.Cut(s, ":"); ok {
		l.Metric, text = name, rest
		found := false
		for _, m := range metrics {
			found = found || m.name == name
		}
		if !found {
			return l, usage(fmt.Errorf("%q is nothing that is compared", name))
		}
	}
	number, ok := strings.CutPrefix(text, "+")
	if !ok {
		return l, usage(fmt.Errorf("%q is not of the form +10%% or +500", s))
	}
	var err error
	if percent, ok := strings.CutSuffix(number, "%"); ok {
		l.Relative = true
		l.Percent, err = strconv.ParseFloat(percent, 64)
	} else {
		l.Amount, err = strconv.ParseUint(number, 10, 63)
	}
	if err != nil || !(l.Percent >= 0) {
		return l, usage(fmt.Errorf("%q is not of the form +10%% or +500", s))
	}
	return l, nil
}

// exceeded tells whether growing from one number to another is too much.
func (l *Limit) exceeded(m string, from, to uint64) bool {
	switch {
	case to <= from || (l.Metric != "" && l.Metric != m):
		return false
	case l.Relative:
		return float64(to-from) > float64(from)*l.Percent/100
	}
	return to-from > l.Amount
}

// Comparison is what changed from one report to another.
type Comparison struct {
	// Changes are numbers that differ, in the order of the new report.
	Changes []Change
	// New and Vanished are checks that only one report has; Verdicts are those
	// that ended otherwise.
	New, Vanished []string
	Verdicts      []string
	// Worse tells that a limit is exceeded, or that something failed that passed.
	Worse bool
}

// Change is one number of one check.
type Change struct {
	Check, Metric string
	Old, New      uint64
	Exceeded      bool
}

// Compare compares two reports. Objects are the same if their paths are, or,
// where no path is in both, if the last parts of their paths are; kernels of
// merged reports are if their first two numbers are: an image of 6.1 is
// compared with one of last month.
func Compare(before, after *Report, limits []Limit) *Comparison {
	before, after = bySeries(before), bySeries(after)
	name := func(o *Object) string { return o.Label() }
	if !shared(before, after, name) {
		name = func(o *Object) string {
			short := *o
			short.Path = elfload.Text(filepath.Base(string(o.Path)))
			return short.Label()
		}
	}
	old := checksByKey(before, name)
	c := &Comparison{}
	seen := make(map[string]bool)
	for _, n := range flat(after, name) {
		seen[n.key] = true
		o, ok := old[n.key]
		if !ok {
			c.New = append(c.New, n.key)
			continue
		}
		c.compare(n.key, o, n.check, limits)
	}
	for _, o := range flat(before, name) {
		if !seen[o.key] {
			c.Vanished = append(c.Vanished, o.key)
		}
	}
	return c
}

func (c *Comparison) compare(key string, o, n *Check, limits []Limit) {
	if o.Verdict != n.Verdict {
		c.Verdicts = append(c.Verdicts, fmt.Sprintf("%s: %s, was %s", key, n.Verdict, o.Verdict))
		c.Worse = c.Worse || (n.Verdict == Failed || n.Verdict == Unexpected)
		if n.Verdict != Passed || o.Verdict != Passed {
			return // numbers of different things
		}
	}
	for _, m := range metrics {
		from, to := m.of(o), m.of(n)
		if from == to {
			continue
		}
		ch := Change{Check: key, Metric: m.name, Old: from, New: to}
		for i := range limits {
			ch.Exceeded = ch.Exceeded || limits[i].exceeded(m.name, from, to)
		}
		c.Worse = c.Worse || ch.Exceeded
		c.Changes = append(c.Changes, ch)
	}
}

type keyedCheck struct {
	key   string
	check *Check
}

// flat lists the checks in order with unique keys.
func flat(r *Report, name func(*Object) string) []keyedCheck {
	var out []keyedCheck
	times := make(map[string]int)
	for i := range r.Objects {
		o := &r.Objects[i]
		o.Self.maps = uint64(len(o.Maps))
		for c := range o.Checks() {
			key := name(o) + ": " + c.title()
			times[key]++
			if n := times[key]; n > 1 {
				key += fmt.Sprintf(" (%d)", n)
			}
			out = append(out, keyedCheck{key, c})
		}
	}
	return out
}

func checksByKey(r *Report, name func(*Object) string) map[string]*Check {
	out := make(map[string]*Check)
	for _, k := range flat(r, name) {
		out[k.key] = k.check
	}
	return out
}

func shared(a, b *Report, name func(*Object) string) bool {
	in := make(map[string]bool)
	for i := range a.Objects {
		in[name(&a.Objects[i])] = true
	}
	for i := range b.Objects {
		if in[name(&b.Objects[i])] {
			return true
		}
	}
	return false
}

// Write tells the comparison as text.
func (c *Comparison) Write(w io.Writer, colour bool) error {
	var b strings.Builder
	var rows [][]cell
	for _, ch := range c.Changes {
		sgr := ""
		if ch.Exceeded {
			sgr = red
		} else if ch.New < ch.Old {
			sgr = green
		}
		rows = append(rows, []cell{{ch.Check, ""}, {ch.Metric, ""}, {strconv.FormatUint(ch.Old, 10), ""}, {strconv.FormatUint(ch.New, 10), ""}, {change(ch.Old, ch.New), sgr}})
	}
	if len(rows) > 0 {
		b.WriteString(strings.Join(tableText([]string{"CHECK", "WHAT", ">OLD", ">NEW", ">CHANGE"}, rows, colour), "\n") + "\n")
	}
	for _, list := range []struct {
		what string
		rows []string
	}{{"otherwise", c.Verdicts}, {"new", c.New}, {"vanished", c.Vanished}} {
		for _, row := range list.rows {
			fmt.Fprintf(&b, "%s: %s\n", paint(colour, bold, list.what), row)
		}
	}
	fmt.Fprintf(&b, "%s, %d new, %d vanished, %d ended otherwise\n", count(len(c.Changes), "change"), len(c.New), len(c.Vanished), len(c.Verdicts))
	_, err := io.WriteString(w, b.String())
	return err
}

// change is the growth in percent, or in numbers from nothing.
func change(from, to uint64) string {
	if from == 0 {
		return fmt.Sprintf("+%d", to)
	}
	return fmt.Sprintf("%+.1f%%", (float64(to)-float64(from))*100/float64(from))
}
