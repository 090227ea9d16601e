package check

import (
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/bpfload/bpfload/elfload"
)

// kindKernel is the kind of the check that stands for a kernel that did not come
// to check anything.
const kindKernel = "kernel"

// On is the outcome of a run with one kernel.
type On struct {
	// Kernel is what is known of it; the report knows better.
	Kernel Kernel
	Report *Report // nil where Err is set
	// Err is why there is no report, and Console the end of what the kernel said.
	Err     error
	Console []string
}

// Decode reads a report that another process wrote as JSON, on a machine with
// other files than this one.
func Decode(text []byte) (*Report, error) {
	var r Report
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, err
	}
	if r.Schema != Schema {
		return nil, fmt.Errorf("the report has schema %q, not %q", r.Schema, Schema)
	}
	for i := range r.Objects {
		o := &r.Objects[i]
		for c := range o.Checks() {
			c.Cause.resolve(string(o.Path))
			if c.Cause != nil {
				c.err = c.Cause.asError()
			}
		}
	}
	return &r, nil
}

// asError is an error that has the class of the one that the cause was made of.
func (c *Cause) asError() error {
	e := &elfload.Error{Stage: elfload.Stage(c.Stage), Code: c.Code, Section: string(c.Section), Symbol: string(c.Symbol),
		Errno: syscall.Errno(c.Errno), Err: errors.New(c.Message), Hint: c.Hint, Log: c.Log}
	for i := range classes {
		if classes[i].name == c.Class {
			e.Kind = classes[i].kind
		}
	}
	return e
}

// Merge makes one report of those of several kernels: each load of an object is
// followed by the same load on the other kernels, in the order of list. A kernel
// without a report is a failure.
func Merge(list []On, require bool) *Report {
	out := &Report{Schema: Schema, Require: require, Kernels: []Kernel{}, Objects: []Object{}, Skipped: []Skipped{}}
	loads := 0
	for i := range list {
		k := list[i].Kernel
		if r := list[i].Report; r != nil {
			k.Release, k.Machine = r.Kernel.Release, r.Kernel.Machine
			loads = max(loads, len(r.Objects))
			if len(out.Skipped) == 0 {
				out.Skipped = append(out.Skipped, r.Skipped...)
			}
		}
		k.Name = k.Release
		if k.Release == "" {
			k.Name = path.Base(string(k.Image))
		}
		same := func(o Kernel) bool { return o.Name == k.Name }
		if slices.ContainsFunc(out.Kernels, same) && k.Release != "" && k.Image != "" {
			k.Name += " (" + path.Base(string(k.Image)) + ")"
		}
		for n := 2; slices.ContainsFunc(out.Kernels, same); n++ {
			k.Name = fmt.Sprintf("%s (%d)", strings.TrimSuffix(k.Name, fmt.Sprintf(" (%d)", n-1)), n)
		}
		k.Failed = list[i].Report == nil
		if k.Failed {
			out.Objects = append(out.Objects, deadKernel(&list[i], k))
		}
		out.Kernels = append(out.Kernels, k)
	}
	for n := range loads {
		for i := range list {
			if r := list[i].Report; r != nil && n < len(r.Objects) {
				o := r.Objects[n]
				o.Kernel = out.Kernels[i].Name
				out.Objects = append(out.Objects, o)
			}
		}
	}
	out.count()
	return out
}

// deadKernel stands for a kernel in the list of objects.
func deadKernel(on *On, k Kernel) Object {
	file := k.Image
	if file == "" {
		file = elfload.Text(k.Name)
	}
	self := Check{Kind: kindKernel, Name: file}
	self.fail(on.Err, elfload.SourceLine{})
	self.Cause.Stage, self.Cause.Log = "boot", strings.Join(on.Console, "\n")
	return Object{Path: file, Variant: []Setting{}, Self: self, Stages: []StageResult{}, Maps: []Check{}, Programs: []Check{}, Warnings: []elfload.DocumentWarning{}}
}

// matrixRow is one load with all kernels; nil where a kernel has none.
type matrixRow struct {
	label string
	cells []*Object
}

// matrix has a row for each load and a cell for each kernel.
func (r *Report) matrix() []matrixRow {
	column := make(map[string]int)
	for i := range r.Kernels {
		column[r.Kernels[i].Name] = i
	}
	var rows []matrixRow
	for i := range r.Objects {
		o := &r.Objects[i]
		if o.Self.Kind == kindKernel {
			continue
		}
		plain := *o
		plain.Kernel = ""
		label, at := plain.Label(), column[o.Kernel]
		if n := len(rows); n == 0 || rows[n-1].label != label || rows[n-1].cells[at] != nil {
			rows = append(rows, matrixRow{label, make([]*Object, len(r.Kernels))})
		}
		rows[len(rows)-1].cells[at] = o
	}
	return rows
}

// matrixCell is the verdict, and of how many checks it is where that is not
// all or one; for a kernel that died it says so.
func (r *Report) matrixCell(kernel int, o *Object) cell {
	switch {
	case o == nil && r.Kernels[kernel].Failed:
		return cell{"no report", red}
	case o == nil:
		return cell{"-", dim}
	}
	n := 0
	for c := range o.Checks() {
		if c.Verdict == o.Verdict {
			n++
		}
	}
	text := strings.ReplaceAll(string(o.Verdict), "_", " ")
	if o.Verdict != Passed && o.Verdict != LeftOut && n > 1 {
		text += " " + strconv.Itoa(n)
	}
	return cell{text, r.verdictColour(o.Verdict)}
}

// matrixTable is the matrix as text, one line for each load.
func (r *Report) matrixTable(o WriteOptions) []string {
	titles := []string{"OBJECT"}
	for i := range r.Kernels {
		titles = append(titles, elfload.Clean(r.Kernels[i].Name))
	}
	var rows [][]cell
	for _, row := range r.matrix() {
		cells := []cell{{shorten(row.label, maxLabel), ""}}
		for i, ob := range row.cells {
			cells = append(cells, r.matrixCell(i, ob))
		}
		rows = append(rows, cells)
	}
	return tableText(titles, rows, o.Colour)
}

// markdownMatrix is the matrix as a table, nothing for one kernel.
func (r *Report) markdownMatrix(b *strings.Builder) {
	if len(r.Kernels) == 0 {
		return
	}
	b.WriteString("\n\n| object |")
	for i := range r.Kernels {
		b.WriteString(" " + markdown(r.Kernels[i].Name) + " |")
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(r.Kernels)) + "\n")
	for _, row := range r.matrix() {
		b.WriteString("| " + markdown(row.label) + " |")
		for i, ob := range row.cells {
			b.WriteString(" " + r.matrixCell(i, ob).text + " |")
		}
		b.WriteByte('\n')
	}
}

// series is "6.1" of "6.1.0-56-cloud-amd64", all of it where that is no release.
func series(release string) string {
	n, err := releaseNumbers(release)
	if err != nil || len(n) < 2 {
		return release
	}
	return fmt.Sprintf("%d.%d", n[0], n[1])
}

// bySeries is the report with kernels called by their series, unless two have
// the same.
func bySeries(r *Report) *Report {
	short := make(map[string]string)
	var used []string
	for i := range r.Kernels {
		k := &r.Kernels[i]
		s := series(k.Release)
		if slices.Contains(used, s) {
			return r
		}
		used = append(used, s)
		short[k.Name] = s
	}
	out := *r
	out.Objects = slices.Clone(r.Objects)
	for i := range out.Objects {
		if s, ok := short[out.Objects[i].Kernel]; ok {
			out.Objects[i].Kernel = s
		}
	}
	return &out
}
