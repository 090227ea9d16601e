package progs

import (
	"fmt"
	"slices"
	"sort"

	"github.com/bpfload/bpfload/internal/mapdef"
	"github.com/bpfload/bpfload/internal/room"
)

// Linker puts programs of one object together, one after the other. Functions are
// appended in the order in which a walk through the code, into each function when it
// is first called, meets them; libbpf has the same order.
type Linker struct {
	*Set
	refs Refs
	code *Code
	// base is where each function was placed last, linked the number of the program that
	// is being linked.
	base   []placement
	linked int
	stack  []frame
	room   [8]frame // for the stack
	// The function at the top of the stack and a view of its code, which is
	// stale as soon as a function has been appended.
	fn *function
	in insns
	// first is the slot of the code where fn begins, at the slot in fn that is
	// being resolved.
	first, at int
	// tableWords is how many entries the jump tables have so far.
	tableWords uint64
	// tables are the program's jump tables by place; only looked up.
	tables map[tablePlace]int

	// What linked programs consist of.
	codes []Code
	bytes slab[byte]
	parts slab[Part]
	maps  slab[MapRef]
}

// The most that one allocation has room for: programs, and bytes of their
// instructions and records. Functions and references to maps of most programs.
const (
	linkedPrograms = 32
	linkedBytes    = 8 << 10
	linkedParts    = 4
	linkedRefs     = 16
)

// placement is the first slot of a function in the code of one program.
type placement struct{ program, first int }

// frame is a function whose code is in place up to next, where its resolving goes on.
type frame struct {
	fn     int
	next   int // slot in the function
	relocs []mapdef.Reloc
}

// linkerRoom is a linker with room for what a small object needs, in one allocation.
type linkerRoom struct {
	Linker
	base  [16]placement
	codes [4]Code
	parts [12]Part
	maps  [24]MapRef
	bytes [1 << 10]byte
}

// NewLinker makes a linker; refs answers for the maps. It is for one goroutine.
func (s *Set) NewLinker(refs Refs) *Linker {
	code := uint64(0)
	for i := range s.funcs {
		code += s.funcs[i].size
	}
	n := min(len(s.Programs), linkedPrograms)
	r := &linkerRoom{}
	r.Linker = Linker{Set: s, refs: refs, base: room.For(r.base[:], len(s.funcs)),
		bytes: slab[byte]{chunk: int(min(3*code, linkedBytes)), free: r.bytes[:0]}, // the records take twice the code
		parts: slab[Part]{chunk: linkedParts * n, free: r.parts[:0]}, maps: slab[MapRef]{chunk: linkedRefs * n, free: r.maps[:0]}}
	if n <= len(r.codes) {
		r.Linker.codes = r.codes[:]
	}
	return &r.Linker
}

// Link is NewLinker and Link for one program.
func (s *Set) Link(i int, refs Refs) (*Code, error) { return s.NewLinker(refs).Link(i) }

// Link puts program i together with the functions that it needs and resolves
// its references. The result is the caller's; it shares nothing that changes.
// Errors name the function and the instruction.
func (l *Linker) Link(i int) (*Code, error) {
	if len(l.codes) == 0 {
		l.codes = make([]Code, min(len(l.Programs), linkedPrograms))
	}
	l.code = &l.codes[0]
	size := int(min(l.Programs[i].Size, linkedBytes)) // which may be a lie that push tells of
	*l.code = Code{Order: l.file.Order, file: l.file, Insns: l.bytes.begin(size),
		Parts: l.parts.begin(linkedParts), Maps: l.maps.begin(linkedRefs)}
	l.linked++
	l.stack, l.tables, l.tableWords = l.room[:0], nil, 0
	if err := l.push(l.Programs[i].fn); err != nil {
		return nil, err
	}
	if err := l.run(); err != nil {
		return nil, err
	}
	if err := l.addCallback(i); err != nil {
		return nil, err
	}
	c := l.code
	c.Insns, c.Parts, c.Maps = l.bytes.end(c.Insns), l.parts.end(c.Parts), l.maps.end(c.Maps)
	c.sorted()
	if err := l.ext.attach(c, l.Programs[i].Name, &l.bytes); err != nil {
		return nil, err
	}
	l.codes = l.codes[1:]
	return c, nil
}

// run resolves the functions that have been pushed, and those that they call.
func (l *Linker) run() error {
	for len(l.stack) > 0 {
		if err := l.walk(&l.stack[len(l.stack)-1]); err != nil {
			return err
		}
	}
	return nil
}

// push appends a function's code.
func (l *Linker) push(fn int) error {
	f := &l.funcs[fn]
	sec := &l.file.Sections[f.section]
	n := int(f.size / InsnSize)
	first := l.code.Len()
	if n > kernelInsnsLimit-first {
		return &mapdef.Error{Stage: mapdef.StagePlan, Code: "too_long", Section: sec.Name, Symbol: f.name, Offset: mapdef.At(f.off),
			Err: fmt.Errorf("the linked program has more than %d instructions, which no kernel takes", kernelInsnsLimit)}
	}
	l.base[fn] = placement{l.linked, first}
	l.code.Insns = append(l.code.Insns, sec.Data[f.off:f.off+f.size]...)
	l.code.Parts = append(l.code.Parts, Part{FirstInsn: first, Insns: n, Name: f.name, Section: sec.Name, SectionIndex: f.section, Offset: f.off})
	l.stack = append(l.stack, frame{fn: fn, relocs: relocsIn(l.file.Relocs[f.section], f.off, f.size)})
	return nil
}

// relocsIn is the part of a sorted list that patches size bytes from off on.
func relocsIn(all []mapdef.Reloc, off, size uint64) []mapdef.Reloc {
	all = all[sort.Search(len(all), func(i int) bool { return all[i].Offset >= off }):]
	return all[:sort.Search(len(all), func(i int) bool { return all[i].Offset >= off+size })]
}

// walk resolves a function from where it was left, until its end or until
// another function has been pushed.
func (l *Linker) walk(f *frame) error {
	l.fn = &l.funcs[f.fn]
	l.first = l.base[f.fn].first
	n := int(l.fn.size / InsnSize)
	l.in = insns{l.code.Insns[l.first*InsnSize:][:l.fn.size], l.file.Order}
	depth := len(l.stack)
	for i := f.next; i < n; i = f.next {
		l.at = i
		r, err := l.nextReloc(f, l.fn.off+uint64(i)*InsnSize)
		if err != nil {
			return err
		}
		f.next++
		switch op := l.in.op(i); {
		case op == opLdImm64:
			if f.next++; f.next > n {
				return l.refuse("truncated", "", "ld_imm64 has no second half in the function")
			}
			err = l.loadImm(i, r)
		case op == opCall:
			err = l.call(i, r)
		case r != nil:
			err = l.refuse("reloc_instruction", "", "relocation against %q is on opcode %#02x, which is neither ld_imm64 nor call",
				l.symbolName(&l.file.Symbols[r.Symbol]), op)
		}
		if err != nil || len(l.stack) > depth {
			return err // push may have moved the stack: f is stale
		}
	}
	if len(f.relocs) > 0 {
		_, err := l.nextReloc(f, l.fn.off+l.fn.size)
		return err
	}
	l.stack = l.stack[:depth-1]
	return nil
}

// nextReloc takes the relocation that patches the instruction off bytes into
// the section, nil when there is none. One that was passed over is an error.
func (l *Linker) nextReloc(f *frame, off uint64) (*mapdef.Reloc, error) {
	var found *mapdef.Reloc
	for len(f.relocs) > 0 && f.relocs[0].Offset <= off {
		r := &f.relocs[0]
		f.relocs = f.relocs[1:]
		if r.Type == mapdef.R_BPF_NONE {
			continue
		}
		if r.Offset < off {
			return nil, l.refuseAt(r.Offset, "reloc_place", "", "relocation against %q does not begin at an instruction",
				l.symbolName(&l.file.Symbols[r.Symbol]))
		}
		if found != nil {
			return nil, l.refuse("reloc_twice", "", "two relocations are on one instruction")
		}
		if err := l.checkReloc(r); err != nil {
			return nil, err
		}
		found = r
	}
	return found, nil
}

// loadImm resolves a ld_imm64 with or without relocation. A source register
// without a relocation would name a descriptor of whoever loads the program.
func (l *Linker) loadImm(i int, r *mapdef.Reloc) error {
	if r != nil {
		return l.wide(i, r)
	}
	if _, src := l.in.regs(i); src != 0 {
		return l.refuse("pseudo_source", "", "ld_imm64 has source register %d, which asks for a relocation, but there is none", src)
	}
	return nil
}

// need makes the instruction at slot i of the current function refer to
// another function, which is appended if it is not there yet. The kernel wants
// the distance from the next instruction, for calls and function pointers alike.
func (l *Linker) need(i, fn int) error {
	slot := l.slot(i)
	if l.base[fn].program != l.linked {
		if err := l.push(fn); err != nil {
			return err
		}
	}
	insns{l.code.Insns, l.file.Order}.setImm(slot, int32(l.base[fn].first-slot-1))
	return nil
}

// slot is the place in the code of slot i of the current function.
func (l *Linker) slot(i int) int { return l.first + i }

func (l *Linker) addMap(m MapRef) { l.code.Maps = append(l.code.Maps, m) }

func (l *Linker) addExtern(i int, sym *mapdef.Symbol, kind ExternKind) {
	ref := ExternRef{Insn: l.slot(i), Name: sym.Name, Symbol: sym.Index, Kind: kind, Weak: isWeak(sym)}
	if t, ok := l.ksyms[sym.Name]; ok {
		ref.Datasec, ref.TypeID = t.datasec, t.id
	}
	l.code.Externs = append(l.code.Externs, ref)
}

// refuse is an error at the current instruction.
func (l *Linker) refuse(code, hint, format string, args ...any) error {
	return l.refuseAt(l.fn.off+uint64(l.at)*InsnSize, code, hint, format, args...)
}

func (l *Linker) refuseAt(off uint64, code, hint, format string, args ...any) error {
	return &mapdef.Error{Stage: mapdef.StagePlan, Code: code, Section: l.file.Sections[l.fn.section].Name, Symbol: l.fn.name,
		Offset: mapdef.At(off), Err: fmt.Errorf(format, args...), Hint: hint}
}

func (l *Linker) warn(code, format string, args ...any) {
	l.code.Warnings = append(l.code.Warnings, mapdef.Warning{Code: code, Program: l.code.Parts[0].Name,
		Section: l.file.Sections[l.fn.section].Name, Offset: mapdef.At(l.fn.off + uint64(l.at)*InsnSize), Message: fmt.Sprintf(format, args...)})
}

// sorted puts references in the order of instructions: functions are resolved
// in pieces.
func (c *Code) sorted() {
	slices.SortFunc(c.Maps, func(a, b MapRef) int { return a.Insn - b.Insn })
	slices.SortFunc(c.Externs, func(a, b ExternRef) int { return a.Insn - b.Insn })
	slices.SortStableFunc(c.JumpTables, func(a, b JumpTable) int { return a.Refs[0].Insn - b.Refs[0].Insn })
}
