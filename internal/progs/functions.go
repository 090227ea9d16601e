package progs

import (
	"cmp"
	"debug/elf"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/bpfload/bpfload/internal/mapdef"
	"github.com/bpfload/bpfload/internal/room"
)

// Set holds the functions of an object. It does not change after Parse, so it
// may be used by several goroutines.
type Set struct {
	// Programs in section order, then by offset.
	Programs []Program
	Warnings []mapdef.Warning

	file *mapdef.File
	// funcs by section, then offset; those of section i are funcs[first[i]:first[i+1]].
	funcs         []function
	first         []int
	ext           extInfos
	ksyms         externTypes
	callbackNames once[map[string][]string]
	relocator     once[madeRelocator]
}

// once is what is made when it is first asked for.
type once[T any] struct {
	sync.Once
	made T
}

func (o *once[T]) get(make func() T) T {
	o.Do(func() { o.made = make() })
	return o.made
}

type madeRelocator struct {
	*Relocator
	err error
}

// callbacks are exceptionCallbacks.
func (s *Set) callbacks() map[string][]string {
	return s.callbackNames.get(func() map[string][]string { return exceptionCallbacks(s.file) })
}

// allJumps are the jumps of a file, read when first asked for: few objects need them.
type allJumps struct {
	file *mapdef.File
	once[[]jump]
}

func (j *allJumps) all() []jump { return j.get(func() []jump { return jumps(j.file) }) }

// function is a stretch of one executable section.
type function struct {
	name      string
	aliases   []string
	symbol    int // 0 for none
	section   int
	off, size uint64 // bytes
	static    bool   // every symbol at its place is local
}

// setRoom is a Set with room for what a small object has, in one allocation.
type setRoom struct {
	Set
	first    [40]int
	funcs    [8]function
	programs [4]Program
}

// Parse finds the functions of an object and decides which are programs: the
// global and weak ones outside .text, except those in a section of unknown name
// that others call. Functions in .text, and static ones anywhere that do not have a
// section for themselves, are subprograms, unless the object has nothing else to load: then the global ones of .text are
// programs. Errors tell of functions that make no sense;
// bad references are told by Link, so that they concern one program only.
func Parse(f *mapdef.File) (*Set, error) {
	r := &setRoom{}
	s := &r.Set
	s.file, s.first = f, room.For(r.first[:], len(f.Sections)+1)
	var ( // most objects have fewer sections and functions
		ends  [64]int
		marks [24]mark
	)
	symbols := functionSymbols(f, ends[:0], marks[:])
	s.funcs = room.For(r.funcs[:], len(symbols.all))[:0]
	calls := &allJumps{file: f}
	for i := range f.Sections {
		s.first[i] = len(s.funcs)
		sec := &f.Sections[i]
		if !sec.Exec() || sec.Size == 0 {
			continue
		}
		if sec.Size%InsnSize != 0 || uint64(len(sec.Data)) != sec.Size {
			return nil, &mapdef.Error{Stage: mapdef.StageRead, Code: "code_size", Section: sec.Name,
				Err: fmt.Errorf("has %d bytes, which is not a number of 8-byte instructions", sec.Size)}
		}
		marks := symbols.in(i)
		if !hasFuncs(f, marks) { // clang up to 7
			marks = oldMarks(f, i, marks, targetsIn(calls.all(), i))
		}
		if err := s.addSection(sec, marks); err != nil {
			return nil, err
		}
		if err := s.checkRelocs(sec); err != nil {
			return nil, err
		}
	}
	s.first[len(f.Sections)] = len(s.funcs)
	s.choosePrograms(calls, r.programs[:])
	s.ext = parseExtInfos(f, &s.Warnings)
	s.ksyms = findExterns(f)
	return s, nil
}

// addSection turns the marks of a section into functions.
func (s *Set) addSection(sec *mapdef.Section, marks []mark) error {
	funcs := hasFuncs(s.file, marks)
	marks = slices.DeleteFunc(marks, func(m mark) bool {
		return funcs && !m.isFunc(s.file)
	})
	slices.SortFunc(marks, func(a, b mark) int {
		return cmp.Or(cmp.Compare(a.off, b.off), cmp.Compare(s.rank(a), s.rank(b)), cmp.Compare(a.symbol, b.symbol))
	})
	end := uint64(0)
	for len(marks) > 0 {
		n := 1
		for n < len(marks) && marks[n].off == marks[0].off {
			n++
		}
		limit := sec.Size
		if n < len(marks) {
			limit = marks[n].off
		}
		fn, err := s.newFunction(sec, marks[:n], limit)
		if err != nil {
			return err
		}
		if fn.off < end {
			return functionError(sec, &fn, "function_overlap", "begins inside the function before it, which ends at %#x", end)
		}
		if fn.off > end {
			s.warnGap(sec, end, fn.off)
		}
		end = fn.off + fn.size
		s.funcs = append(s.funcs, fn)
		marks = marks[n:]
	}
	if end < sec.Size {
		s.warnGap(sec, end, sec.Size)
	}
	return nil
}

// rank orders symbols of one place: global, weak, local, none.
func (s *Set) rank(m mark) int {
	if m.symbol == 0 {
		return 3
	}
	switch bind := s.file.Symbols[m.symbol].Bind; {
	case bind == elf.STB_GLOBAL:
		return 0
	case bind == elf.STB_LOCAL:
		return 2
	}
	return 1
}

// newFunction makes one function of the marks at one place; without a size it
// reaches up to limit.
func (s *Set) newFunction(sec *mapdef.Section, marks []mark, limit uint64) (function, error) {
	fn := function{section: sec.Index, off: marks[0].off, symbol: marks[0].symbol}
	if fn.symbol == 0 {
		fn.name = sec.Name
		fn.static = fn.off != 0
		if fn.off != 0 {
			fn.name = fmt.Sprintf("%s+%#x", sec.Name, fn.off)
		}
	} else {
		sym := &s.file.Symbols[fn.symbol]
		fn.name, fn.static = sym.Name, sym.Bind == elf.STB_LOCAL
	}
	for _, m := range marks {
		if m.size != 0 && fn.size != 0 && m.size != fn.size {
			return fn, functionError(sec, &fn, "function_size", "two symbols at one place have sizes %d and %d", fn.size, m.size)
		}
		fn.size = max(fn.size, m.size)
	}
	for _, m := range marks[1:] {
		if m.symbol != 0 {
			fn.aliases = append(fn.aliases, s.file.Symbols[m.symbol].Name)
		}
	}
	switch {
	case fn.off >= sec.Size || fn.size > sec.Size-fn.off:
		return fn, functionError(sec, &fn, "function_range", "function of %d bytes is outside the section of %d bytes", fn.size, sec.Size)
	case fn.size == 0:
		fn.size = min(limit, sec.Size) - fn.off
	}
	if fn.off%InsnSize != 0 || fn.size%InsnSize != 0 {
		return fn, functionError(sec, &fn, "function_alignment", "function of %d bytes does not consist of whole 8-byte instructions", fn.size)
	}
	return fn, nil
}

func functionError(sec *mapdef.Section, fn *function, code, format string, args ...any) error {
	return &mapdef.Error{Stage: mapdef.StageRead, Code: code, Section: sec.Name, Symbol: fn.name, Offset: mapdef.At(fn.off),
		Err: fmt.Errorf(format, args...)}
}

// warnGap tells of code that belongs to no function, as a static linker leaves
// it behind when it overrides a weak function.
func (s *Set) warnGap(sec *mapdef.Section, from, to uint64) {
	s.Warnings = append(s.Warnings, mapdef.Warning{Code: "unowned_code", Section: sec.Name, Offset: mapdef.At(from),
		Message: fmt.Sprintf("%d bytes of section %q at offset %#x belong to no function and are left out", to-from, sec.Name, from)})
}

// checkRelocs refuses relocations that no function can own (R131).
func (s *Set) checkRelocs(sec *mapdef.Section) error {
	for _, r := range s.file.Relocs[sec.Index] {
		if r.Offset >= sec.Size {
			return &mapdef.Error{Stage: mapdef.StageRead, Code: "reloc_range", Section: sec.Name, Offset: mapdef.At(r.Offset),
				Err: fmt.Errorf("relocation is beyond the section of %d bytes", sec.Size)}
		}
	}
	return nil
}

// isText tells of the sections that hold subprograms only: .text and what
// compilers split from it (.text.unlikely.).
func isText(name string) bool { return name == textSection || strings.HasPrefix(name, textSection+".") }

// functionAt is the function that begins exactly there.
func (s *Set) functionAt(section int, off uint64) (int, bool) {
	if section < 0 || section+1 >= len(s.first) {
		return 0, false
	}
	in := s.funcs[s.first[section]:s.first[section+1]]
	i, ok := slices.BinarySearchFunc(in, off, func(fn function, off uint64) int { return cmp.Compare(fn.off, off) })
	return s.first[section] + i, ok
}

// ProgramAt is the index of the program that begins exactly off bytes into a section.
func (s *Set) ProgramAt(section int, off uint64) (int, bool) {
	fn, ok := s.functionAt(section, off)
	if !ok {
		return 0, false
	}
	return slices.BinarySearchFunc(s.Programs, fn, func(p Program, fn int) int { return cmp.Compare(p.fn, fn) })
}
