package verifierlog

import "strings"

// The headings of the form that Linux 7.3 has, as they begin a line.
var headings = [...]string{"Reason:", "At:", "Causal path:", "Suggestion:"}

// structured reads the form with headings; false when the log has no reason
// under a heading. Text behind a heading, and the lines below it up to the next
// heading or the statistics, belong to it.
func structured(log string, out *Log) bool {
	var parts [len(headings)][]string
	at := -1
	for line := range strings.Lines(log) {
		line = strings.TrimSpace(line)
		if h, rest := heading(line); h >= 0 {
			at, line = h, rest
		} else if strings.HasPrefix(line, "processed ") || strings.HasPrefix(line, "verification time ") {
			at = -1
		}
		if at >= 0 && line != "" {
			parts[at] = append(parts[at], line)
		}
	}
	if len(parts[0]) == 0 {
		return false
	}
	out.Reason = strings.Join(parts[0], " ")
	out.Suggestion = strings.Join(parts[3], " ")
	for _, list := range [][]string{parts[2], parts[1]} { // the way, then the place
		for _, l := range list {
			out.Steps = append(out.Steps, sourceStep(l))
		}
	}
	return true
}

func heading(line string) (index int, rest string) {
	for i, h := range headings {
		if len(line) >= len(h) && strings.EqualFold(line[:len(h)], h) {
			return i, strings.TrimSpace(line[len(h):])
		}
	}
	return -1, ""
}
