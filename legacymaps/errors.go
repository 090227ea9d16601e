package legacymaps

import (
	"fmt"
	"strconv"

	"github.com/bpfload/bpfload/internal/mapdef"
)

// text is an error that is nothing but its words.
type text string

func (t text) Error() string { return string(t) }

func hex(n uint64) string { return strconv.FormatUint(n, 16) }

func sectionError(sec *mapdef.Section, code, why string) error {
	return &mapdef.Error{Stage: mapdef.StageRead, Code: code, Section: sec.Name, Err: text(why)}
}

// fail is an error about one definition, before a dialect is in force. off is in
// bytes from the start of the section.
func (e *element) fail(code string, off uint64, why string) *mapdef.Error {
	return &mapdef.Error{Stage: mapdef.StageRead, Code: code, Section: e.sec.Name, Symbol: e.name,
		Offset: mapdef.At(off), Err: text(why)}
}

// failf is an error about one decoded definition: it adds the index and the
// dialect in force (L28). at is in bytes from the start of the element.
func (r *record) failf(code string, at uint64, format string, args ...any) *mapdef.Error {
	why := fmt.Errorf(format+" (definition %d of its section, read as %s)", append(args, r.elem.index, r.dialect.name)...)
	return &mapdef.Error{Stage: mapdef.StageRead, Code: code, Section: r.elem.sec.Name, Symbol: r.elem.name,
		Offset: mapdef.At(r.elem.off + at), Err: why}
}
