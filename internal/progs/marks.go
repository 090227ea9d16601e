package progs

import (
	"debug/elf"
	"slices"

	"github.com/bpfload/bpfload/internal/mapdef"
	"github.com/bpfload/bpfload/internal/room"
)

// mark is one sign that a function begins.
type mark struct {
	off, size uint64
	symbol    int // 0: a call target or section start without a symbol
}

// sectionMarks are marks by section.
type sectionMarks struct {
	all  []mark
	ends []int // where those of each section end
}

func (m *sectionMarks) in(section int) []mark {
	from := 0
	if section > 0 {
		from = m.ends[section-1]
	}
	return m.all[from:m.ends[section]:m.ends[section]]
}

// functionSymbols lists, by section, the symbols that may begin functions. The result
// uses ends and all.
func functionSymbols(f *mapdef.File, ends []int, all []mark) (marks sectionMarks) {
	may := func(sym *mapdef.Symbol) bool {
		sec := int(sym.Section)
		return sec != 0 && sec < len(f.Sections) && sym.Name != "" && f.Sections[sec].Exec() && (sym.Type == elf.STT_FUNC || sym.Type == elf.STT_NOTYPE)
	}
	next := append(ends, make([]int, len(f.Sections))...)
	for i := range f.Symbols {
		if sym := &f.Symbols[i]; may(sym) {
			next[sym.Section]++
		}
	}
	total := 0
	for i, n := range next {
		next[i], total = total, total+n
	}
	marks = sectionMarks{room.For(all, total), next}
	for i := range f.Symbols {
		if sym := &f.Symbols[i]; may(sym) {
			marks.all[next[sym.Section]] = mark{sym.Value, sym.Size, i}
			next[sym.Section]++
		}
	}
	return marks
}

func hasFuncs(f *mapdef.File, marks []mark) bool {
	return slices.ContainsFunc(marks, func(m mark) bool { return m.isFunc(f) })
}

// isFunc tells whether the mark is of an STT_FUNC symbol; a mark without a
// symbol may stand in a file that has none at all.
func (m mark) isFunc(f *mapdef.File) bool {
	return m.symbol != 0 && f.Symbols[m.symbol].Type == elf.STT_FUNC
}

// oldMarks finds the functions of a section without STT_FUNC symbols: the global
// NOTYPE symbols, and whatever is called. Local NOTYPE symbols are labels
// ("LBB0_1") unless they are called. Without a function at its start the section
// itself is one, with the section's name (spec L37).
func oldMarks(f *mapdef.File, section int, symbols []mark, called []uint64) []mark {
	var marks []mark
	named := make(map[uint64]bool)
	for _, m := range symbols {
		_, isCalled := slices.BinarySearch(called, m.off)
		if f.Symbols[m.symbol].Bind != elf.STB_LOCAL || isCalled {
			marks = append(marks, mark{off: m.off, symbol: m.symbol})
			named[m.off] = true
		}
	}
	for _, off := range called {
		if !named[off] && off < f.Sections[section].Size {
			marks = append(marks, mark{off: off})
			named[off] = true
		}
	}
	if !named[0] {
		marks = append(marks, mark{})
	}
	return marks
}
