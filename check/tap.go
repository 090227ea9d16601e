package check

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

// writeTAP is version 14 of the Test Anything Protocol, with a YAML block behind
// what is not plainly ok.
func writeTAP(r *Report, w io.Writer, o WriteOptions) error {
	var b strings.Builder
	n := 0
	for i := range r.Objects {
		for c := range r.Objects[i].Checks() {
			n++
			r.tapLine(&b, n, &r.Objects[i], c, o)
		}
	}
	_, err := fmt.Fprintf(w, "TAP version 14\n1..%d\n%s# %s\n", n, b.String(), r.Summary())
	return err
}

func (r *Report) tapLine(b *strings.Builder, n int, ob *Object, c *Check, o WriteOptions) {
	state := "ok"
	if r.bad(c.Verdict) {
		state = "not ok"
	}
	fmt.Fprintf(b, "%s %d - %s", state, n, tapText(ob.Label()+": "+c.title()))
	if state == "ok" && (c.Verdict == Unproven || c.Verdict == LeftOut || c.Verdict == NotRun) {
		fmt.Fprintf(b, " # SKIP %s", strings.ReplaceAll(string(c.Verdict), "_", " "))
		if text := c.reason(); text != "" {
			b.WriteString(": " + tapText(text))
		}
	}
	b.WriteByte('\n')
	if state == "ok" && c.Verdict != Expected {
		return
	}
	line := func(key, value string) {
		if value != "" {
			fmt.Fprintf(b, "  %s: %s\n", key, strconv.Quote(value))
		}
	}
	b.WriteString("  ---\n")
	line("verdict", string(c.Verdict))
	line("message", c.reason())
	if c.Cause != nil {
		file, at := c.place(ob, o.Root)
		line("stage", c.Cause.Stage)
		line("file", file)
		if at != 0 {
			fmt.Fprintf(b, "  line: %d\n", at)
		}
		line("errno", c.Cause.ErrnoName)
		line("hint", oneLine(c.Cause.Hint))
		if log := logTail(c.Cause.Log, 0); len(log) > 0 && r.bad(c.Verdict) {
			b.WriteString("  log: |\n")
			for _, l := range log {
				fmt.Fprintf(b, "    %s\n", l)
			}
		}
	}
	b.WriteString("  ...\n")
}

// tapText escapes what would begin a directive.
func tapText(s string) string {
	return strings.NewReplacer(`\`, `\\`, "#", `\#`).Replace(s)
}
