package legacymaps

import (
	"fmt"
	"strings"

	"github.com/bpfload/bpfload/internal/mapdef"
)

// PinTableFile is where iproute2 keeps its pinning table.
const PinTableFile = "/etc/iproute2/bpf_pinning"

// reservedPins are the pinning values whose places no table can change.
const reservedPins = 3

// ParsePinTable reads the text of an iproute2 pinning table (L58): one "NUMBER
// PATH" per line, numbers as in C, "#" begins a comment. A line that is neither
// ends the reading, as in iproute2; what was read until then is returned, and the
// line is told in a warning. Of two lines for one number the later one counts.
func ParsePinTable(text []byte) (map[uint32]string, []mapdef.Warning) {
	table := map[uint32]string{}
	var warns []mapdef.Warning
	warn := func(line int, format string, args ...any) {
		warns = append(warns, mapdef.Warning{Code: "pin_table", Message: fmt.Sprintf("pinning table, line %d: ", line+1) + fmt.Sprintf(format, args...)})
	}
	for n, line := range strings.Split(string(text), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		id, rest, ok := cInt(line, 0)
		words := strings.Fields(rest)
		if !ok || len(words) == 0 || words[0][0] == '#' || rest[0] != ' ' && rest[0] != '\t' {
			warn(n, "%q is no number and path: this line and what follows are not read", line)
			break
		}
		if id < reservedPins {
			warn(n, "number %d is reserved: the line is ignored", id)
			continue
		}
		table[id] = words[0]
	}
	return table, warns
}
