package progs

import (
	"slices"
	"sort"
	"strings"

	"github.com/bpfload/bpfload/internal/mapdef"
	"github.com/bpfload/bpfload/internal/room"
)

// choosePrograms fills Programs.
func (s *Set) choosePrograms(calls *allJumps, few []Program) {
	outside := 0 // of .text, where most are programs
	for i := range s.funcs {
		if !isText(s.file.Sections[s.funcs[i].section].Name) {
			outside++
		}
	}
	s.Programs = room.For(few, min(outside, 64))[:0]
	pick := func(text bool) {
		for i := range s.funcs {
			fn := &s.funcs[i]
			sec := &s.file.Sections[fn.section]
			if isText(sec.Name) != text || text && fn.static || !text && !s.isProgram(i, calls) {
				continue
			}
			s.Programs = append(s.Programs, newProgram(sec, fn, i))
		}
	}
	if pick(false); len(s.Programs) == 0 {
		pick(true)
	}
}

// isProgram decides about function i, which is outside .text. In a section whose
// name says nothing, global functions that others call are subprograms (libbpf would
// ask for their type), and so are exception callbacks. A static one is a program where it is all that its section
// holds, the section's name says what it is, and nothing calls it: to loaders
// of old, Falco's among them, a section was a program, whatever C called it.
func (s *Set) isProgram(i int, calls *allJumps) bool {
	fn := &s.funcs[i]
	_, known := ClassifySection(s.file.Sections[fn.section].Name)
	if !fn.static {
		return known || !s.isCalled(fn, calls) && !s.isCallback(fn)
	}
	alone := s.first[fn.section+1]-s.first[fn.section] == 1
	return known && alone && fn.symbol != 0 && !s.isCalled(fn, calls)
}

// isCallback tells whether a program names the function as its exception callback.
func (s *Set) isCallback(fn *function) bool {
	for _, names := range s.callbacks() { // any order: the answer is one of two
		if slices.Contains(names, fn.name) {
			return true
		}
	}
	return false
}

// isCalled tells whether code outside the function calls it, or takes its address.
func (s *Set) isCalled(fn *function, calls *allJumps) bool {
	all, here := calls.all(), place{fn.section, fn.off}
	i := sort.Search(len(all), func(i int) bool { return comparePlaces(all[i].to, here) >= 0 })
	for ; i < len(all) && all[i].to == here; i++ {
		from := all[i].from
		if from.section != fn.section || from.off < fn.off || from.off >= fn.off+fn.size {
			return true
		}
	}
	return false
}

func newProgram(sec *mapdef.Section, fn *function, i int) Program {
	name, autoload := strings.CutPrefix(sec.Name, string(sectionAutoload))
	typ, _ := ClassifySection(name)
	return Program{Name: fn.name, Aliases: fn.aliases, Section: sec.Name, SectionIndex: sec.Index, Offset: fn.off, Size: fn.size,
		Symbol: fn.symbol, Autoload: !autoload, SectionType: typ, fn: i}
}
