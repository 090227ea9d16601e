package check

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/bpfload/bpfload/elfload"
)

// WriteOptions say how a report is written.
type WriteOptions struct {
	// Colour is for terminals; only text has colour.
	Colour bool
	// Verbose writes whole verifier logs, and every program.
	Verbose bool
	// Root is a directory that is cut off from source files, "" for none:
	// annotations name files relative to the repository.
	Root string
	// Time is when the run was, for formats that want to know; zero for none.
	Time time.Time
}

// writers is one row for each format.
var writers = [...]struct {
	name  string
	write func(*Report, io.Writer, WriteOptions) error
}{
	{"text", writeText},
	{"json", func(r *Report, w io.Writer, _ WriteOptions) error { return elfload.WriteJSON(w, r) }},
	{"junit", writeJUnit},
	{"tap", writeTAP},
	{"github", writeGitHub},
	{"markdown", writeMarkdown},
}

// Formats are the names that Write takes, in a fixed order.
func Formats() []string {
	names := make([]string, len(writers))
	for i := range writers {
		names[i] = writers[i].name
	}
	return names
}

// Write writes the report in the format of that name.
func (r *Report) Write(w io.Writer, format string, o WriteOptions) error {
	for _, f := range writers {
		if f.name == format {
			return f.write(r, w, o)
		}
	}
	return usage(fmt.Errorf("%q is no format: %s", format, strings.Join(Formats(), ", ")))
}

// place is where a failure is: the C file and line, or the object.
func (c *Check) place(o *Object, root string) (file string, line uint32) {
	if c.Cause == nil || c.Cause.File == "" {
		return elfload.Clean(string(o.Path)), 0
	}
	return relative(c.Cause.File, root), c.Cause.Line
}

// relative cuts the root off, and a leading "./".
func relative(file, root string) string {
	if root != "" {
		file = strings.TrimPrefix(file, strings.TrimSuffix(root, "/")+"/")
	}
	return elfload.Clean(strings.TrimPrefix(file, "./"))
}

// title is `program "x"`, or the object's path.
func (c *Check) title() string {
	if c.Kind == "object" || c.Kind == kindKernel {
		return c.Kind
	}
	return c.Kind + " " + elfload.Quote(string(c.Name))
}

// reason is the end of the story in one line: the cause, the proof, or what was
// expected.
func (c *Check) reason() string {
	switch {
	case c.Verdict == Unproven && c.Proof != nil:
		return c.Proof.String()
	case c.Cause != nil && c.Note != "":
		return oneLine(c.Cause.text()) + " (" + oneLine(c.Note) + ")"
	case c.Cause != nil:
		return oneLine(c.Cause.text())
	}
	return oneLine(c.Note)
}

// text is the message with its stage.
func (c *Cause) text() string {
	if c.Stage == "" {
		return c.Message
	}
	return c.Stage + ": " + c.Message
}

// String tells what is missing and how that is known.
func (p *Proof) String() string {
	s := fmt.Sprintf("no %s: %s: %s", strings.ReplaceAll(p.Missing, "_", " "), p.Probe, p.Outcome)
	if p.ErrnoName != "" {
		s += " (" + p.ErrnoName + ")"
	}
	return elfload.Clean(s)
}

// oneLine makes one printable line of text.
func oneLine(s string) string {
	return elfload.Clean(strings.Join(strings.Fields(s), " "))
}

// shorten cuts text to n characters, the last of which is then "…".
func shorten(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}

// Summary is the totals in one line.
func (r *Report) Summary() string {
	t := &r.Totals
	objects := count(t.Objects, "object")
	if t.Loads != t.Objects {
		objects += " in " + count(t.Loads, "load")
	}
	if len(r.Kernels) > 0 {
		objects += " on " + count(len(r.Kernels), "kernel")
	}
	parts := []string{objects, count(t.Maps, "map"), count(t.Programs, "program")}
	verdicts := []string{fmt.Sprintf("%d passed", t.Passed), fmt.Sprintf("%d failed", t.Failed)}
	for _, v := range []struct {
		n    int
		text string
	}{{t.Expected, "failed as expected"}, {t.Unexpected, "passed unexpectedly"}, {t.Unproven, "unproven"}, {t.LeftOut, "left out"}, {t.NotRun, "not run"}} {
		if v.n > 0 {
			verdicts = append(verdicts, fmt.Sprintf("%d %s", v.n, v.text))
		}
	}
	s := strings.Join(parts, ", ") + ": " + strings.Join(verdicts, ", ")
	if n := len(r.Skipped); n > 0 {
		s += fmt.Sprintf("; %s of directories left aside", count(n, "file"))
	}
	return s
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// telling are the checks of which more is to be said, in order.
func (r *Report) telling() []*found {
	var out []*found
	for i := range r.Objects {
		o := &r.Objects[i]
		for c := range o.Checks() {
			if slices.Contains([]Verdict{Failed, Unexpected, Unproven}, c.Verdict) {
				out = append(out, &found{o, c})
			}
		}
	}
	return out
}

// found is a check and its object.
type found struct {
	object *Object
	check  *Check
}

// size is a number of bytes in words; "-" for none.
func size(n uint64) string {
	switch {
	case n == 0:
		return "-"
	case n < 10<<10:
		return fmt.Sprintf("%d B", n)
	case n < 10<<20:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d MiB", n>>20)
}

// logTail is the last lines of a verifier log.
func logTail(log string, lines int) []string {
	all := strings.Split(strings.TrimRight(log, "\n"), "\n")
	if log == "" {
		return nil
	}
	if lines > 0 && len(all) > lines {
		all = all[len(all)-lines:]
	}
	for i := range all {
		all[i] = elfload.Clean(strings.ReplaceAll(all[i], "\t", "    "))
	}
	return all
}
