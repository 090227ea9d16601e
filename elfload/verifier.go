package elfload

import (
	"regexp"
	"strconv"
	"strings"
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
}

var insnLine = regexp.MustCompile(`^(\d+): \([0-9a-f]{2}\) (.*)$`)

// readLog finds the end of the story in a verifier's log (kernel/bpf/log.c and
// verifier.c: "; source line", "index: (opcode) text", then the complaint).
func readLog(log string) verdict {
	v := verdict{Insn: -1}
	for line := range strings.Lines(log) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.HasPrefix(line, "; "):
			v.Source = line[2:]
			continue
		case line == "", statistics(line), registers(line):
			continue
		case v.Reason != "" && strings.HasPrefix(line, "Caller passes invalid args into "): // what the line before led to
			continue
		}
		if m := insnLine.FindStringSubmatch(line); m != nil {
			v.Insn, _ = strconv.Atoi(m[1])
			v.Text = m[2]
			if i := strings.Index(v.Text, " ; "); i >= 0 {
				v.Text = strings.TrimRight(v.Text[:i], " ")
			}
			v.Reason = ""
			continue
		}
		v.Reason = line
	}
	return v
}

// tooComplex tells logs of programs that exceed the verifier's patience. To see
// the walk through a million instructions takes half a minute and helps nobody.
func tooComplex(log string) bool {
	return strings.Contains(log, "BPF program is too large. Processed ") ||
		(strings.Contains(log, "The sequence of ") && strings.Contains(log, " jumps is too complex"))
}

// statistics tells the lines that end every log.
func statistics(line string) bool {
	return strings.HasPrefix(line, "processed ") || strings.HasPrefix(line, "verification time ") ||
		strings.HasPrefix(line, "stack depth ") || strings.HasPrefix(line, "insns processed ")
}

var registerLine = regexp.MustCompile(`^(\d+: )?(frame\d+: )?(R\d+|fp-\d+)[_=]`)

// registers tells the lines that print the verifier's state.
func registers(line string) bool {
	return registerLine.MatchString(line) || strings.HasPrefix(line, "from ") || strings.HasPrefix(line, "func#") ||
		strings.HasPrefix(line, "cur state:") || strings.HasPrefix(line, "old state:") ||
		strings.HasPrefix(line, "mark_precise: ") || strings.HasPrefix(line, "last_idx ")
}
