package check

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/bpfload/bpfload/elfload"
	"github.com/bpfload/bpfload/verifierlog"
)

const (
	maxCause = 120 // characters of a cause in a table
	maxLabel = 60  // characters of an object in the table of programs
	tailed   = 12  // lines of a verifier log without Verbose
	// manyPrograms is how many programs have a table of their own without Verbose.
	manyPrograms = 60
)

// writeText is for people: what failed, at length; then the tables.
func writeText(r *Report, w io.Writer, o WriteOptions) error {
	var b strings.Builder
	for _, f := range r.telling() {
		r.details(&b, f, o)
	}
	if t := r.programTable(o); len(t) > 0 {
		b.WriteString(strings.Join(t, "\n") + "\n\n")
	}
	if t := r.objectTable(o); len(t) > 1 {
		b.WriteString(strings.Join(t, "\n") + "\n\n")
	}
	if len(r.Kernels) > 0 {
		b.WriteString(strings.Join(r.matrixTable(o), "\n") + "\n\n")
	}
	b.WriteString(r.Summary() + "\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// details tells of one check: place, cause, what to do, the end of the log.
func (r *Report) details(b *strings.Builder, f *found, o WriteOptions) {
	c := f.check
	file, line := c.place(f.object, o.Root)
	if line != 0 {
		file += ":" + strconv.FormatUint(uint64(line), 10)
	}
	fmt.Fprintf(b, "%s %s: %s\n", paint(o.Colour, r.verdictColour(c.Verdict), string(c.Verdict)+":"), f.object.Label(), c.title())
	if c.Cause == nil {
		fmt.Fprintf(b, "  %s\n\n", oneLine(c.Note))
		return
	}
	fmt.Fprintf(b, "  at    %s\n", file)
	if c.Cause.Source != "" {
		fmt.Fprintf(b, "        %s\n", oneLine(c.Cause.Source))
	}
	fmt.Fprintf(b, "  why   %s\n", oneLine(c.Cause.text()))
	cause := verifierlog.Read(c.Cause.Log).Cause
	if cause != "" && c.Kind != kindKernel {
		fmt.Fprintf(b, "        %s\n", cause)
	}
	if c.Proof != nil {
		fmt.Fprintf(b, "  proof %s\n", c.Proof)
	}
	if c.Note != "" {
		fmt.Fprintf(b, "  note  %s\n", oneLine(c.Note))
	}
	if c.Cause.Hint != "" && c.Cause.Hint != cause {
		fmt.Fprintf(b, "  hint  %s\n", oneLine(c.Cause.Hint))
	}
	for _, l := range logLines(c.Cause.Log, o.Verbose || c.Kind == kindKernel) {
		fmt.Fprintf(b, "  %s\n", paint(o.Colour, dim, "| "+l))
	}
	b.WriteByte('\n')
}

// logLines is the story of a verifier log by C lines, or all of it.
func logLines(log string, all bool) []string {
	if all {
		return logTail(log, 0)
	}
	lines := verifierlog.Read(log).Lines(tailed)
	for i := range lines {
		lines[i] = elfload.Clean(lines[i])
	}
	return lines
}

// objectTable is one line for each load; of several kernels only where there is
// something to tell, since the matrix has the rest.
func (r *Report) objectTable(o WriteOptions) []string {
	var rows [][]cell
	for i := range r.Objects {
		ob := &r.Objects[i]
		if len(r.Kernels) > 0 && !o.Verbose && (ob.Verdict == Passed || ob.Verdict == LeftOut) {
			continue
		}
		first := ob.First()
		cause := ""
		if r.bad(ob.Verdict) || ob.Verdict == Unproven || ob.Verdict == Expected {
			cause = first.title() + ": " + first.reason()
			if file, line := first.place(ob, o.Root); line != 0 {
				cause = fmt.Sprintf("%s:%d: %s", file, line, cause)
			}
		}
		rows = append(rows, []cell{{ob.Label(), ""}, {strconv.Itoa(len(ob.Maps)), ""}, {strconv.Itoa(len(ob.Programs)), ""},
			{string(ob.Verdict), r.verdictColour(ob.Verdict)}, {millis(ob.Time), ""}, {shorten(cause, maxCause), ""}})
	}
	return tableText([]string{"OBJECT", ">MAPS", ">PROGRAMS", "VERDICT", ">TIME", "FIRST CAUSE"}, rows, o.Colour)
}

// programTable is what the verifier says of each program.
func (r *Report) programTable(o WriteOptions) []string {
	if r.Totals.Programs > manyPrograms && !o.Verbose {
		return nil
	}
	var rows [][]cell
	for i := range r.Objects {
		ob := &r.Objects[i]
		for j := range ob.Programs {
			c := &ob.Programs[j]
			row := []cell{{shorten(ob.Label(), maxLabel), ""}, {elfload.Quote(string(c.Name)), ""}, {dash(c.Type), ""}, {string(c.Verdict), r.verdictColour(c.Verdict)}}
			rows = append(rows, append(row, statCells(c)...))
		}
	}
	if len(rows) == 0 {
		return nil
	}
	return tableText([]string{"OBJECT", "PROGRAM", "TYPE", "VERDICT", ">INSNS", ">STATES", ">PEAK", ">STACK", ">MEMORY", ">TIME"}, rows, o.Colour)
}

// statCells are instructions, states, peak states, stack, memory, time.
func statCells(c *Check) []cell {
	s := c.Stats
	if s == nil {
		return []cell{{"-", ""}, {"-", ""}, {"-", ""}, {"-", ""}, {size(c.Memory), ""}, {"-", ""}}
	}
	n := func(v uint64) cell { return cell{strconv.FormatUint(v, 10), ""} }
	return []cell{n(s.Insns), n(s.TotalStates), n(s.PeakStates), n(s.MaxStack()), {size(c.Memory), ""}, {millis(s.Time), ""}}
}

// millis is a time in words.
func millis(d time.Duration) string {
	if d > 0 && d < time.Millisecond {
		return strconv.FormatInt(int64(d/time.Microsecond), 10) + " µs"
	}
	return strconv.FormatFloat(float64(d)/float64(time.Millisecond), 'f', 1, 64) + " ms"
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return elfload.Clean(s)
}
