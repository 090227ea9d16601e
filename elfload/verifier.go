package elfload

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bpfload/bpfload/verifierlog"
)

// verdict is what a verifier's log says at its end.
type verdict struct {
	// Reason is the last line that is neither an instruction nor statistics.
	Reason string
	// Insn is the index of the last instruction in the log, -1 for none, and
	// Text its disassembly; Source is the C line printed before it.
	Insn   int
	Text   string
	Source string
	// At is the place of Source, where the log has it (Linux 6.9).
	At SourceLine
}

// callerIsBlamed begins what the verifier adds to a refusal inside a function
// about its caller; it is no reason of its own.
const callerIsBlamed = " (Caller passes invalid args into "

// readLog takes the end of the story out of a verifier's log.
func readLog(log string) verdict {
	read := verifierlog.Read(log)
	v := verdict{Insn: -1}
	v.Reason, _, _ = strings.Cut(read.Reason, callerIsBlamed)
	if n := len(read.Steps); n > 0 {
		last := &read.Steps[n-1]
		if v.Source = last.Source; last.File != "" {
			v.At = SourceLine{File: last.File, Text: last.Source, Line: last.Line}
			v.Source = fmt.Sprintf("%s @ %s:%d", last.Source, last.File, last.Line)
		}
	}
	for _, step := range slices.Backward(read.Steps) {
		if n := len(step.Insns); n > 0 {
			v.Insn, v.Text = step.Insns[n-1].Index, step.Insns[n-1].Text
			break
		}
	}
	return v
}

// tooComplex tells logs of programs that exceed the verifier's patience. To see
// the walk through a million instructions takes half a minute and helps nobody.
func tooComplex(log string) bool {
	return strings.Contains(log, "BPF program is too large. Processed ") ||
		(strings.Contains(log, "The sequence of ") && strings.Contains(log, " jumps is too complex"))
}
