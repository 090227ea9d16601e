package check

import (
	"strings"
	"unicode/utf8"
)

// SGR parameters of the colours in use.
const (
	bold   = "1"
	red    = "1;31"
	green  = "32"
	yellow = "33"
	dim    = "2"
)

// paint colours the text if on.
func paint(on bool, sgr, s string) string {
	if !on || s == "" || sgr == "" {
		return s
	}
	return "\x1b[" + sgr + "m" + s + "\x1b[0m"
}

// cell is the text of a table's cell and its colour.
type cell struct{ text, sgr string }

// tableText is lines of columns, two blanks apart. A title that begins with ">"
// makes a column of numbers, which stand right.
func tableText(titles []string, rows [][]cell, colour bool) []string {
	head := make([]cell, len(titles))
	right := make([]bool, len(titles))
	for i, t := range titles {
		right[i] = strings.HasPrefix(t, ">")
		head[i] = cell{strings.TrimPrefix(t, ">"), dim}
	}
	all := append([][]cell{head}, rows...)
	widths := make([]int, len(titles))
	for _, row := range all {
		for i, c := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(c.text))
		}
	}
	out := make([]string, len(all))
	for n, row := range all {
		var b strings.Builder
		for i, c := range row {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(c.text))
			text := paint(colour, c.sgr, c.text)
			switch {
			case right[i]:
				b.WriteString(pad + text)
			case i < len(row)-1:
				b.WriteString(text + pad)
			default:
				b.WriteString(text)
			}
			if i < len(row)-1 {
				b.WriteString("  ")
			}
		}
		out[n] = strings.TrimRight(b.String(), " ")
	}
	return out
}

// verdictColour is the colour of a verdict.
func (r *Report) verdictColour(v Verdict) string {
	switch {
	case r.bad(v):
		return red
	case v == Passed || v == Expected:
		return green
	case v == Unproven:
		return yellow
	}
	return dim
}
