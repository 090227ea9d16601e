package check

import (
	"fmt"
	"io"
	"strings"
)

// writeGitHub is workflow commands: an annotation for each failure at its C
// line, a warning for each unproven check; the summary as a notice.
func writeGitHub(r *Report, w io.Writer, o WriteOptions) error {
	var b strings.Builder
	for _, f := range r.telling() {
		command := "error"
		if !r.bad(f.check.Verdict) {
			command = "warning"
		}
		file, line := f.check.place(f.object, o.Root)
		fmt.Fprintf(&b, "::%s file=%s", command, property(file))
		if line != 0 {
			fmt.Fprintf(&b, ",line=%d", line)
			if col := f.check.Cause.Column; col != 0 {
				fmt.Fprintf(&b, ",col=%d", col)
			}
		}
		text := f.object.Label() + ": " + f.check.title() + ": " + strings.ReplaceAll(string(f.check.Verdict), "_", " ")
		message := f.check.reason()
		if c := f.check.Cause; c != nil && c.Hint != "" {
			message += "\nhint: " + oneLine(c.Hint)
		}
		fmt.Fprintf(&b, ",title=%s::%s\n", property(text), data(message))
	}
	fmt.Fprintf(&b, "::notice title=bpfload check::%s\n", data(r.Summary()))
	_, err := io.WriteString(w, b.String())
	return err
}

// data and property escape as the runner unescapes.
func data(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

func property(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(s)
}
