package verifierlog

import (
	"strconv"
	"strings"
)

// Note is one place in the part of a log that Linux 7.3 and later write below
// the refusal: where it was, or one event on the way to it.
type Note struct {
	// Func, File, Line and Column are zero where the program has no line info.
	Func   string
	File   string
	Line   uint32
	Column uint32
	Source string // the text of that line
	Insn   Insn   // Index is -1 where it is not told
	// Label is "error", "branch", "update", "acquired", …; Text what is said.
	Label string
	Text  string
}

// What begins the structured part, as kernel/bpf/diagnostics.c writes it
// (bpf_diag_header, diag_section).
const failedPrefix = "Verification failed: "

// section is a heading and what becomes of its lines.
type section struct {
	heading string
	line    func(*diagnostics, string)
}

var sections = [...]section{
	{"Reason:", func(d *diagnostics, l string) { d.log.Explanation = join(d.log.Explanation, l) }},
	{"At:", func(d *diagnostics, l string) { d.note(l) }},
	{"Causal path:", func(d *diagnostics, l string) { d.note(l) }},
	{"Active lock:", func(d *diagnostics, l string) { d.note(l) }},
	{"Suggestion:", func(d *diagnostics, l string) { d.log.Suggestion = join(d.log.Suggestion, l) }},
}

const sectionAt = 1 // of sections: its note is where the refusal was

// diagnostics reads the structured part line by line.
type diagnostics struct {
	log    *Log
	active bool
	at     int    // section, -1 before the first
	notes  []Note // of the section
	insns  bool   // below "Instruction context:"
	wraps  bool   // the line before was an annotation, which may go on
}

var (
	noteSource = pattern(`^  (?:(\S+) @ )?(\S.*):(\d+):(\d+)$`)
	noteInsn   = pattern(`^  insn (\d+)$`)
	noteMarked = pattern(`^  >>> *(\d+) \| ?(.*)$`)
	noteSaid   = pattern(`^ +\| *\^-- (\w+): (.*)$`)
	noteMore   = pattern(`^ +\| {4,}(\S.*)$`)
	// A line of C or an instruction around the marked one.
	noteContext = pattern(`^ +\d+ \|`)
)

// take tells whether the line belongs to the structured part.
func (d *diagnostics) take(line string) bool {
	if rest, ok := strings.CutPrefix(line, failedPrefix); ok {
		*d = diagnostics{log: d.log, active: true, at: -1}
		d.log.Problem, d.log.Explanation, d.log.Suggestion, d.log.At, d.log.Path = strings.TrimSpace(rest), "", "", nil, nil
		return true
	}
	for i := range sections {
		if line == sections[i].heading {
			d.end()
			d.active, d.at = true, i
			return true
		}
	}
	switch {
	case !d.active:
		return false
	case line == "" && d.log.Suggestion != "", // the last section ends with a blank line
		line != "" && line[0] != ' ':
		d.end()
		d.active = false
		return line == ""
	case d.at >= 0 && line != "":
		sections[d.at].line(d, line)
	}
	return true
}

// end files the notes of the section that ends.
func (d *diagnostics) end() {
	switch {
	case d.at == sectionAt && len(d.notes) > 0:
		d.log.At = &d.notes[0]
	case d.at >= 0:
		d.log.Path = append(d.log.Path, d.notes...)
	}
	d.notes, d.insns, d.wraps = nil, false, false
}

// note reads one line of a place: its head, the marked lines of C and of
// instructions, and what is said about it.
func (d *diagnostics) note(line string) {
	more := d.wraps
	d.wraps = false
	last := len(d.notes) - 1
	if m := noteInsn.FindStringSubmatch(line); m != nil {
		n, _ := strconv.Atoi(m[1])
		d.notes, d.insns = append(d.notes, Note{Insn: Insn{Index: n}}), false
		return
	}
	if m := noteMarked.FindStringSubmatch(line); m != nil && last >= 0 {
		if n, err := strconv.Atoi(m[1]); err == nil && d.insns {
			d.notes[last].Insn = Insn{Index: n, Text: plainInsn(m[2])}
		} else {
			d.notes[last].Source = strings.TrimSpace(m[2])
		}
		return
	}
	if m := noteSaid.FindStringSubmatch(line); m != nil && last >= 0 {
		d.notes[last].Label, d.notes[last].Text, d.wraps = m[1], strings.TrimSpace(m[2]), true
		return
	}
	if m := noteMore.FindStringSubmatch(line); m != nil && more && last >= 0 {
		d.notes[last].Text, d.wraps = join(d.notes[last].Text, m[1]), true
		return
	}
	switch {
	case line == "  Source context:":
		return
	case line == "  Instruction context:":
		d.insns = true
		return
	case noteContext.MatchString(line):
		return
	}
	if m := noteSource.FindStringSubmatch(line); m != nil {
		n := Note{Func: m[1], File: m[2], Insn: Insn{Index: -1}}
		if l, err := strconv.ParseUint(m[3], 10, 32); err == nil {
			n.Line = uint32(l)
		}
		if c, err := strconv.ParseUint(m[4], 10, 32); err == nil {
			n.Column = uint32(c)
		}
		d.notes, d.insns = append(d.notes, n), false
		return
	}
	if text := strings.TrimSpace(line); text != nothingRetained {
		d.notes, d.insns = append(d.notes, Note{Insn: Insn{Index: -1}, Text: text}), false
	}
}

// nothingRetained is what a causal path without events says.
const nothingRetained = "no retained diagnostic events on this path"

// plainInsn is "r0 = 0" of "(b7) r0 = 0".
func plainInsn(s string) string {
	if len(s) > 5 && s[0] == '(' && s[3] == ')' {
		s = s[5:]
	}
	return strings.TrimSpace(s)
}

// join appends a wrapped line.
func join(text, line string) string {
	return strings.TrimSpace(text + " " + strings.TrimSpace(line))
}

// place is "file.c:12", "insn 7" where the program has no line info, "" for
// neither.
func (n *Note) place() string {
	switch {
	case n.File != "":
		return n.File + ":" + strconv.FormatUint(uint64(n.Line), 10)
	case n.Insn.Index >= 0:
		return "insn " + strconv.Itoa(n.Insn.Index)
	}
	return ""
}

// String is the note in one line.
func (n *Note) String() string {
	s := n.Text
	if n.Label != "" {
		s = n.Label + ": " + s
	}
	if n.Source != "" {
		s = strconv.Quote(n.Source) + ": " + s
	}
	if at := n.place(); at != "" {
		s = at + ": " + s
	}
	return s
}

// step is the place as a step of the walk.
func (n *Note) step() Step {
	s := Step{Source: n.Source, File: n.File, Line: n.Line}
	if n.Insn.Index >= 0 {
		s.Insns = []Insn{n.Insn}
	}
	return s
}
