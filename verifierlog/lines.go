package verifierlog

import (
	"fmt"
	"strconv"
	"strings"
)

// maxPath is how many events of a causal path are told.
const maxPath = 8

// Lines tells the end of the story by lines of C: the last steps in at most n
// lines, the refusal, and the registers that it is about. No line has controls
// that were not in the log.
func (l *Log) Lines(n int) []string {
	var tail []string
	for i := range l.Steps {
		s := &l.Steps[i]
		if s.Source != "" {
			tail = append(tail, s.text())
		}
		for _, in := range s.Insns {
			tail = append(tail, fmt.Sprintf("  %5d: %s", in.Index, in.Text))
		}
	}
	if n > 0 && len(tail) > n {
		tail = append([]string{"…"}, tail[len(tail)-n:]...)
	}
	if l.Reason != "" {
		tail = append(tail, "=> "+l.Reason)
	}
	if l.Explanation != "" && l.Explanation != l.Reason {
		tail = append(tail, "   "+l.Explanation)
	}
	for _, r := range l.Registers {
		line := r.Name + " is " + r.State
		if r.SetAt >= 0 {
			line += " since instruction " + strconv.Itoa(r.SetAt)
			if r.Source != "" {
				line += ", " + strconv.Quote(r.Source)
			}
		}
		tail = append(tail, "   "+line)
	}
	path := l.Path
	if len(path) > maxPath {
		tail = append(tail, "   …")
		path = path[len(path)-maxPath:]
	}
	for i := range path {
		tail = append(tail, "   by "+path[i].String())
	}
	if l.Suggestion != "" {
		tail = append(tail, "   the verifier suggests: "+l.Suggestion)
	}
	for i := range tail {
		tail[i] = strings.ReplaceAll(tail[i], "\t", "    ")
	}
	return tail
}

func (s *Step) text() string {
	if s.File == "" {
		return "; " + s.Source
	}
	return fmt.Sprintf("; %s  (%s:%d)", s.Source, s.File, s.Line)
}
