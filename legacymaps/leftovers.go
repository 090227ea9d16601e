package legacymaps

import (
	"slices"

	"github.com/bpfload/bpfload/internal/mapdef"
)

// leaveOut serves what a static linker makes (L45): of a weak definition that
// lost against another file's it keeps the bytes and drops the symbol. Whole
// elements before or between definitions, as large as the definition beside them,
// that nothing refers to are no maps; a warning tells. It shortens the slots
// concerned and gives the offset from which the section's bytes count.
func leaveOut(elems []element, refs []uint64) (start uint64, warns []mapdef.Warning) {
	sec := elems[0].sec
	gap := func(from, to, size uint64) bool {
		if size == 0 || from >= to || (to-from)%size != 0 {
			return false
		}
		data, ok := mapdef.Span(sec.Data, from, to-from)
		if i, _ := slices.BinarySearch(refs, from); !ok || allZero(data) || i < len(refs) && refs[i] < to {
			return false
		}
		warns = append(warns, leftOut(sec, from, to-from))
		return true
	}
	if gap(0, elems[0].off, elems[0].size) {
		start = elems[0].off
	}
	for i := range elems {
		e := &elems[i]
		if e.size < e.slot && gap(e.off+e.size, e.off+e.slot, e.size) {
			e.slot = e.size
		}
	}
	return start, warns
}

func leftOut(sec *mapdef.Section, off, n uint64) mapdef.Warning {
	return mapdef.Warning{Code: "unnamed_definition", Section: sec.Name, Offset: mapdef.At(off),
		Message: "0x" + hex(n) + " bytes of definitions without a symbol are left out, nothing refers to them"}
}
