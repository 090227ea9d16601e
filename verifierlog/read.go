package verifierlog

import (
	"strconv"
	"strings"
)

// Log is a verifier's log as read.
type Log struct {
	// Steps are runs of instructions of one C line, in the order of the walk.
	Steps []Step
	// Reason is the refusal in the verifier's words, "" when there is none.
	Reason string
	// Cause is what that means, "" for refusals that are not known.
	Cause string
	// Problem, Explanation, At, Path and Suggestion are what Linux 7.3 and later
	// add in a structured form, zero before: the kind of problem, why that is one,
	// where, the events that led there, oldest first, and what to do.
	Problem     string
	Explanation string
	At          *Note
	Path        []Note
	Suggestion  string
	// Registers are what the refusal is about, as far as the log tells.
	Registers []Register
}

// Step is the instructions of one C line on the way.
type Step struct {
	// Source is the line's text, File and Line its place where the log has it
	// (Linux 6.9).
	Source string
	File   string
	Line   uint32
	Insns  []Insn
}

// Insn is one instruction as the verifier came by.
type Insn struct {
	Index int
	Text  string
}

// Register is one register when the verifier gave up.
type Register struct {
	Name  string // "R1"
	State string // in the verifier's words: "scalar()", "map_value_or_null(…)"
	// SetAt is the instruction that gave it this state, -1 when the log does not
	// tell, and Source the C line of that.
	SetAt  int
	Source string
}

var (
	insnLine  = pattern(`^(\d+): \([0-9a-f]{2}\) ([^;]*)(?:;\s*(.*))?$`)
	fromLine  = pattern(`^from (\d+) to (\d+)(?: \([^)]*\))?: ?(.*)$`)
	stateLine = pattern(`^(?:\d+: )?(?:frame\d+: )?((?:R\d+|fp-\d+)[A-Za-z_]*=.*)$`)
	regName   = pattern(`\b[Rr](\d+)\b`)
)

// reader is the state of reading one log.
type reader struct {
	log   Log
	state map[string]Register // asked, never walked
	insn  int                 // the last one, -1 for none
}

// Read reads a log. It never fails: text that it does not know is passed over,
// and the last of it is the reason.
func Read(log string) *Log {
	r := &reader{state: make(map[string]Register), insn: -1}
	d := &diagnostics{log: &r.log, at: -1}
	for line := range strings.Lines(log) {
		line = strings.TrimRight(line, "\r\n")
		if !d.take(line) {
			r.line(line)
		}
	}
	d.end()
	if r.log.Reason == "" { // a log whose beginning is cut off
		r.log.Reason = r.log.Explanation
	}
	if len(r.log.Steps) == 0 && r.log.At != nil {
		r.log.Steps = []Step{r.log.At.step()}
	}
	r.log.Cause = causeOf(r.log.Reason)
	r.registers()
	return &r.log
}

func (r *reader) line(line string) {
	if src, ok := strings.CutPrefix(line, "; "); ok {
		r.log.Steps = append(r.log.Steps, sourceStep(src))
		return
	}
	if m := insnLine.FindStringSubmatch(line); m != nil {
		r.insn, _ = strconv.Atoi(m[1])
		if len(r.log.Steps) == 0 {
			r.log.Steps = append(r.log.Steps, Step{})
		}
		last := &r.log.Steps[len(r.log.Steps)-1]
		last.Insns = append(last.Insns, Insn{r.insn, strings.TrimRight(m[2], " ")})
		r.log.Reason = ""
		r.learn(m[3])
		return
	}
	if m := fromLine.FindStringSubmatch(line); m != nil { // another path: what was known is no more
		r.state = make(map[string]Register)
		r.insn = -1
		r.learn(m[3])
		return
	}
	if m := stateLine.FindStringSubmatch(line); m != nil {
		r.learn(m[1])
		return
	}
	switch {
	case line == "" || noise(line):
	case r.log.Reason != "" && strings.HasPrefix(line, consequence):
		r.log.Reason += " (" + line + ")"
	default:
		r.log.Reason = line
	}
}

// sourceStep reads "text @ file.c:12".
func sourceStep(src string) Step {
	s := Step{Source: strings.TrimSpace(src)}
	at := strings.LastIndex(src, " @ ")
	colon := strings.LastIndexByte(src, ':')
	if at < 0 || colon < at {
		return s
	}
	if n, err := strconv.ParseUint(src[colon+1:], 10, 32); err == nil {
		s.Source, s.File, s.Line = strings.TrimSpace(src[:at]), src[at+3:colon], uint32(n)
	}
	return s
}

// learn takes in register states: "R1_w=scalar(umax=7) R10=fp0".
func (r *reader) learn(text string) {
	for _, word := range stateWords(text) {
		name, state, ok := strings.Cut(word, "=")
		if !ok || len(name) < 2 || name[0] != 'R' {
			continue
		}
		end := 1
		for end < len(name) && name[end] >= '0' && name[end] <= '9' {
			end++
		}
		if end == 1 {
			continue
		}
		reg := Register{Name: name[:end], State: state, SetAt: r.insn}
		if n := len(r.log.Steps); n > 0 {
			reg.Source = r.log.Steps[n-1].Source
		}
		if old, known := r.state[reg.Name]; known && old.State == state {
			continue // it only was mentioned again
		}
		r.state[reg.Name] = reg
	}
}

// stateWords splits at blanks outside of brackets.
func stateWords(text string) []string {
	var words []string
	depth, from := 0, 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '(', '{', '[':
			depth++
		case ')', '}', ']':
			depth--
		case ' ':
			if depth <= 0 {
				words = append(words, text[from:i])
				from = i + 1
			}
		}
	}
	return append(words, text[from:])
}

// registers picks those that the reason names, then those of the last instruction.
func (r *reader) registers() {
	text := r.log.Reason
	if text == "" {
		return
	}
	if n := len(r.log.Steps); n > 0 {
		if insns := r.log.Steps[n-1].Insns; len(insns) > 0 {
			text += " " + insns[len(insns)-1].Text
		}
	}
	seen := make(map[string]bool)
	for _, m := range regName.FindAllStringSubmatch(text) {
		name := "R" + m[1]
		if reg, ok := r.state[name]; ok && !seen[name] {
			seen[name] = true
			r.log.Registers = append(r.log.Registers, reg)
		}
	}
}

// consequence begins a line that only says what the line before it led to.
const consequence = "Caller passes invalid args into "

// beginnings of lines that are neither instructions nor refusals.
var noises = [...]string{"processed ", "verification time ", "stack depth ", "func#", "mark_precise: ", "last_idx ", "regs=", "parent ",
	"propagating ", "Validating ", "Func#", "caller:", "callee:", "returning from callee:", "to caller at ", "Live regs before insn:",
	"insns processed ", "cur state:", "old state:", "arg#", "numbering ", "safe "}

func noise(line string) bool {
	for _, n := range noises {
		if strings.HasPrefix(line, n) {
			return n != "arg#" || !strings.Contains(line, "expect") && !strings.Contains(line, "must")
		}
	}
	return false
}
