package check

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

// writeMarkdown is for summaries and comments: tables, and failures folded.
func writeMarkdown(r *Report, w io.Writer, o WriteOptions) error {
	var b strings.Builder
	mark := "✅"
	if !r.OK() {
		mark = "❌"
	}
	fmt.Fprintf(&b, "### %s bpfload check\n\n%s", mark, markdown(r.Summary()))
	if r.Kernel.Release != "" {
		fmt.Fprintf(&b, ", on %s", markdown(r.Kernel.Release+" "+r.Kernel.Machine))
	}
	r.markdownMatrix(&b)
	b.WriteString("\n\n| object | maps | programs | verdict | first cause |\n|---|---:|---:|---|---|\n")
	for i := range r.Objects {
		ob := &r.Objects[i]
		if len(r.Kernels) > 0 && !o.Verbose && (ob.Verdict == Passed || ob.Verdict == LeftOut) {
			continue
		}
		cause := ""
		if first := ob.First(); ob.Verdict != Passed && ob.Verdict != LeftOut {
			cause = first.title() + ": " + first.reason()
			if file, line := first.place(ob, o.Root); line != 0 {
				cause = fmt.Sprintf("%s:%d: %s", file, line, cause)
			}
		}
		fmt.Fprintf(&b, "| %s | %d | %d | %s | %s |\n", markdown(ob.Label()), len(ob.Maps), len(ob.Programs),
			strings.ReplaceAll(string(ob.Verdict), "_", " "), markdown(shorten(cause, 2*maxCause)))
	}
	for _, f := range r.telling() {
		fmt.Fprintf(&b, "\n<details><summary>%s: %s: %s</summary>\n\n", markdown(f.object.Label()), markdown(f.check.title()),
			strings.ReplaceAll(string(f.check.Verdict), "_", " "))
		for _, l := range f.check.long(f.object, o) {
			b.WriteString("    " + l + "\n") // four blanks make a block that nothing in it can end
		}
		b.WriteString("\n</details>\n")
	}
	r.markdownPrograms(&b, o)
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Report) markdownPrograms(b *strings.Builder, o WriteOptions) {
	if r.Totals.Programs == 0 || (r.Totals.Programs > manyPrograms && !o.Verbose) {
		return
	}
	b.WriteString("\n<details><summary>programs</summary>\n\n| object | program | verdict | instructions | states | peak states | stack | memory | time |\n" +
		"|---|---|---|---:|---:|---:|---:|---:|---:|\n")
	for i := range r.Objects {
		ob := &r.Objects[i]
		for j := range ob.Programs {
			c := &ob.Programs[j]
			row := []string{ob.Label(), string(c.Name), strings.ReplaceAll(string(c.Verdict), "_", " ")}
			for _, s := range statCells(c) {
				row = append(row, s.text)
			}
			for k := range row {
				row[k] = markdown(row[k])
			}
			b.WriteString("| " + strings.Join(row, " | ") + " |\n")
		}
	}
	b.WriteString("\n</details>\n")
}

// markdown escapes what would be markup, also inside of tables.
func markdown(s string) string {
	var b strings.Builder
	for _, r := range oneLine(s) {
		if strings.ContainsRune("\\`*_{}[]<>#|~&", r) {
			b.WriteString("&#" + strconv.Itoa(int(r)) + ";")
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}
