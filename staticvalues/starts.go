package staticvalues

import (
	"cmp"
	"math"
	"slices"
	"sort"

	"github.com/bpfload/bpfload/internal/mapdef"
)

// start is where a definition begins, to be searched: there may be as many
// pointers as definitions.
type start struct {
	section int
	offset  uint64
	def     int
	// reach is where the definitions of the section up to this one end at most.
	reach uint64
}

// starts are in order of section, offset and index.
func starts(defs []mapdef.Def) []start {
	out := make([]start, len(defs))
	for i := range defs {
		d := &defs[i]
		out[i] = start{section: d.SectionIndex, offset: d.Offset, def: i, reach: d.Offset + min(d.Size, math.MaxUint64-d.Offset)}
	}
	slices.SortFunc(out, func(a, b start) int {
		return cmp.Or(cmp.Compare(a.section, b.section), cmp.Compare(a.offset, b.offset), cmp.Compare(a.def, b.def))
	})
	for i := 1; i < len(out); i++ {
		if out[i-1].section == out[i].section {
			out[i].reach = max(out[i].reach, out[i-1].reach)
		}
	}
	return out
}

// after is the first start behind that place.
func (r *resolver) after(section int, off uint64) int {
	return sort.Search(len(r.starts), func(i int) bool {
		s := &r.starts[i]
		return s.section > section || s.section == section && s.offset > off
	})
}
