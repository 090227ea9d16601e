package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/bpfload/bpfload/elfload"
	"github.com/bpfload/bpfload/verifierlog"
)

const (
	logLines    = 20   // of a verifier log without -v
	maxMessage  = 4000 // characters of an error, which may hold hostile names
	maxNameCell = 48   // characters of a name in a table
)

// report tells an error on stderr: the end of the verifier's log if there is
// one, what was refused and where and why, and what to do about it.
func (c *console) report(err error) {
	if err == nil {
		return
	}
	var f *failure
	if !errors.As(err, &f) {
		f = &failure{err: err}
	}
	hint := ""
	var e *elfload.Error
	var usage *usageError
	switch {
	case errors.As(err, &e):
		if hint = e.Hint; hint == "" {
			hint = verifierlog.Read(e.Log).Cause
		}
		if !f.short {
			c.log(e.Log, f.verbose)
		}
	case errors.As(err, &usage):
		hint = usage.hint
	}
	fmt.Fprintln(c.err, paint(c.errColour, red, "error:")+" "+block(shorten(f.place(e)+err.Error(), maxMessage)))
	if hint != "" && !f.short {
		fmt.Fprintln(c.err, paint(c.errColour, cyan, "hint:")+" "+block(shorten(hint, maxMessage)))
	}
}

// place is the file's name before an error that does not name it itself.
func (f *failure) place(e *elfload.Error) string {
	if f.object == "" || e == nil || e.Code == "open" {
		return ""
	}
	return f.object + ": "
}

// log prints a verifier log: all of it, or its end by lines of C with the
// registers in question.
func (c *console) log(log string, all bool) {
	if log == "" {
		return
	}
	if read := verifierlog.Read(log); !all && len(read.Steps) > 0 && read.Reason != "" {
		fmt.Fprintln(c.err, paint(c.errColour, bold, "verifier log by lines of C (-v for all of it):"))
		for _, l := range read.Lines(logLines) {
			sgr := dim
			if strings.HasPrefix(l, "; ") || strings.HasPrefix(l, "=> ") {
				sgr = ""
			}
			fmt.Fprintln(c.err, "  "+paint(c.errColour && sgr != "", sgr, elfload.Clean(l)))
		}
		return
	}
	lines := strings.Split(strings.TrimRight(log, "\n"), "\n")
	title := "verifier log:"
	if !all && len(lines) > logLines {
		title = fmt.Sprintf("verifier log, the last %d of %d lines (-v for all):", logLines, len(lines))
		lines = lines[len(lines)-logLines:]
	}
	fmt.Fprintln(c.err, paint(c.errColour, bold, title))
	for _, l := range lines {
		fmt.Fprintln(c.err, "  "+paint(c.errColour, dim, elfload.Clean(strings.ReplaceAll(l, "\t", "    "))))
	}
}

// warnings tells each warning of an object in one line. The object is named
// unless it is "".
func (c *console) warnings(object string, list []elfload.DocumentWarning) {
	for _, w := range list {
		var place []string
		add := func(what string, name elfload.Text) {
			if name != "" {
				place = append(place, what+" "+quoteCell(string(name)))
			}
		}
		add("map", w.Map)
		add("program", w.Program)
		add("section", w.Section)
		if w.Offset != nil {
			place = append(place, fmt.Sprintf("offset %#x", *w.Offset))
		}
		where := strings.Join(place, ", ")
		if where != "" {
			where += ": "
		}
		if object != "" {
			where = elfload.Clean(object) + ": " + where
		}
		fmt.Fprintln(c.err, paint(c.errColour, yellow, "warning:")+" "+where+block(shorten(w.Message, maxMessage)))
	}
}

// block makes text of several lines safe: no line of it can be taken for one
// of bpfload's own.
func block(s string) string {
	lines := strings.Split(strings.TrimRight(s, "\n"), "\n")
	for i := range lines {
		lines[i] = elfload.Clean(strings.ReplaceAll(lines[i], "\t", "    "))
	}
	return strings.Join(lines, "\n  ")
}

// shorten cuts text to n characters, the last of which is then "…".
func shorten(s string, n int) string {
	count := 0
	end := 0 // where n-1 characters end
	for i := range s {
		if count == n-1 {
			end = i
		}
		if count == n {
			return s[:end] + "…"
		}
		count++
	}
	return s
}

// nameCell is a name in a table: quoted if it is odd, and never long.
func nameCell(name elfload.Text) string { return shorten(elfload.Quote(string(name)), maxNameCell) }

// quoteCell is a name in a sentence.
func quoteCell(name string) string { return shorten(fmt.Sprintf("%q", name), maxNameCell) }
