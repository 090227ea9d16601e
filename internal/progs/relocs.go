package progs

import (
	"cmp"
	"debug/elf"
	"math"
	"slices"
	"sort"

	"github.com/bpfload/bpfload/internal/mapdef"
)

// place is a spot in a section, in bytes.
type place struct {
	section int
	off     uint64
}

func comparePlaces(a, b place) int {
	return cmp.Or(cmp.Compare(a.section, b.section), cmp.Compare(a.off, b.off))
}

// targetOffset is where a relocation points, in bytes from the start of the
// symbol's section: symbol plus addend. With SHT_REL the addend stands in the
// instruction, for a call as the distance from the next instruction, in slots
// (kernel Documentation/bpf/llvm_reloc.rst; spec L20, R130). False when the sum
// is negative or wraps.
func targetOffset(sym *mapdef.Symbol, r *mapdef.Reloc, p insns, i int) (uint64, bool) {
	addend := r.Addend
	if !r.HasAddend {
		addend = int64(p.imm(i))
		if p.op(i) == opCall {
			addend = (addend + 1) * InsnSize
		}
	}
	if sym.Value > math.MaxInt64 {
		return 0, false
	}
	sum := int64(sym.Value) + addend
	if addend > 0 && sum < addend {
		return 0, false
	}
	return uint64(sum), sum >= 0
}

// jump is a call, or the taking of a function's address.
type jump struct{ from, to place }

// jumps are the references of the whole object to its own code, ascending by
// target.
func jumps(f *mapdef.File) []jump {
	var out []jump
	for s := range f.Sections {
		sec := &f.Sections[s]
		if !sec.Exec() || sec.Size%InsnSize != 0 || uint64(len(sec.Data)) != sec.Size {
			continue
		}
		p := insns{sec.Data, f.Order}
		relocs := f.Relocs[s]
		for i := 0; i < p.len(); i++ {
			at := uint64(i) * InsnSize
			for len(relocs) > 0 && relocs[0].Offset < at {
				relocs = relocs[1:]
			}
			here, op := place{s, at}, p.op(i)
			relocated := len(relocs) > 0 && relocs[0].Offset == at
			_, src := p.regs(i)
			switch {
			case relocated && (op == opLdImm64 || op == opCall && src == srcCall):
				sym := &f.Symbols[relocs[0].Symbol]
				to, ok := targetOffset(sym, &relocs[0], p, i)
				if in := int(sym.Section); ok && in != 0 && in < len(f.Sections) && f.Sections[in].Exec() {
					out = append(out, jump{here, place{in, to}})
				}
			case op == opCall && src == srcCall:
				if to := int64(i) + int64(p.imm(i)) + 1; to >= 0 {
					out = append(out, jump{here, place{s, uint64(to) * InsnSize}})
				}
			}
			if op == opLdImm64 {
				i++
			}
		}
	}
	slices.SortFunc(out, func(a, b jump) int { return cmp.Or(comparePlaces(a.to, b.to), comparePlaces(a.from, b.from)) })
	return out
}

// targetsIn is the offsets in one section that jumps go to, ascending.
func targetsIn(all []jump, section int) []uint64 {
	all = all[sort.Search(len(all), func(i int) bool { return all[i].to.section >= section }):]
	var out []uint64
	for _, j := range all {
		if j.to.section != section {
			break
		}
		out = append(out, j.to.off)
	}
	return slices.Compact(out)
}

// symbolName names the target of a relocation in messages.
func (l *Linker) symbolName(sym *mapdef.Symbol) string {
	if sym.Name == "" && int(sym.Section) < len(l.file.Sections) {
		return l.file.Sections[sym.Section].Name
	}
	return sym.Name
}

// definedIn is the section of a symbol that is defined in one; the errors are
// those of R131.
func (l *Linker) definedIn(sym *mapdef.Symbol) (int, error) {
	switch {
	case sym.Section == elf.SHN_COMMON:
		return 0, l.refuse("reloc_common", "", "%q is a common symbol, which has no place in the object: compile with -fno-common", l.symbolName(sym))
	case sym.Section == elf.SHN_ABS:
		return 0, l.refuse("reloc_absolute", "", "%q is an absolute symbol", l.symbolName(sym))
	case sym.Section == elf.SHN_UNDEF || int(sym.Section) >= len(l.file.Sections):
		return 0, l.refuse("reloc_target", "", "symbol %q is defined in no section", l.symbolName(sym))
	}
	return int(sym.Section), nil
}

// isExtern is the shape of symbols that kernel or configuration are to provide.
func isExtern(sym *mapdef.Symbol) bool {
	return sym.Section == elf.SHN_UNDEF && sym.Name != "" && sym.Type == elf.STT_NOTYPE &&
		(sym.Bind == elf.STB_GLOBAL || sym.Bind == elf.STB_WEAK)
}

// wide resolves the ld_imm64 at slot i of the current function, whose relocation
// is r.
func (l *Linker) wide(i int, r *mapdef.Reloc) error {
	sym := &l.file.Symbols[r.Symbol]
	if isExtern(sym) {
		if r.HasAddend { // where SHT_REL would have it
			if r.Addend != int64(int32(r.Addend)) {
				return l.refuse("reloc_range", "", "addend %#x of the reference to %q does not fit into 32 bits", r.Addend, sym.Name)
			}
			l.in.setImm(i, int32(r.Addend))
		}
		l.addExtern(i, sym, ExternAddr)
		return nil
	}
	section, err := l.definedIn(sym)
	if err != nil {
		return err
	}
	off, inRange := targetOffset(sym, r, l.in, i)
	if l.file.Sections[section].Exec() {
		return l.functionPointer(i, sym, section, off, inRange)
	}
	if m, ok := l.refs.MapAt(section, off); ok && inRange {
		l.addMap(MapRef{Insn: l.slot(i), Map: m})
		return nil
	}
	m, ok := l.refs.MapAt(section, sym.Value)
	if ok && sym.Type != elf.STT_SECTION && l.file.Sections[section].Name == ".maps" { // R129; legacy maps: L20
		l.warn("map_addend", "the reference to map %q has an addend, which is ignored", sym.Name)
		l.addMap(MapRef{Insn: l.slot(i), Map: m})
		return nil
	}
	if l.file.Sections[section].Name == jumpTableSection && inRange {
		return l.jumpTable(i, sym, off)
	}
	if m, ok = l.refs.DataMap(section); !ok {
		return l.noOwner(sym, section, off)
	}
	if size := l.file.Sections[section].Size; !inRange || off >= size || off > math.MaxUint32 {
		return l.refuse("reloc_range", "", "reference to %q leads to offset %#x, outside section %q of %d bytes",
			l.symbolName(sym), off, l.file.Sections[section].Name, size)
	}
	l.addMap(MapRef{Insn: l.slot(i), Map: m, Value: true, Offset: uint32(off)})
	return nil
}

func (l *Linker) functionPointer(i int, sym *mapdef.Symbol, section int, off uint64, inRange bool) error {
	fn, ok := l.functionAt(section, off)
	if !ok || !inRange {
		return l.refuse("reloc_function", "", "pointer to %q leads to offset %#x of section %q, where no function begins",
			l.symbolName(sym), off, l.file.Sections[section].Name)
	}
	l.in.setSrc(i, srcFunc)
	l.in.setImm(i+1, 0)
	return l.need(i, fn)
}

// noOwner explains a reference into a section where neither a map nor data is.
func (l *Linker) noOwner(sym *mapdef.Symbol, section int, off uint64) error {
	name := l.file.Sections[section].Name
	for i := range l.file.Symbols {
		if s := &l.file.Symbols[i]; s.In(section) {
			if _, ok := l.refs.MapAt(section, s.Value); ok {
				return l.refuse("reloc_target", "", "reference to %q leads to offset %#x of section %q, where no map begins: into the middle of a map definition?",
					l.symbolName(sym), off, name)
			}
		}
	}
	return l.refuse("reloc_target", "", "relocation against section %q, which holds no map and no data", name)
}

// call resolves the call at slot i of the current function; r is nil when no
// relocation is there.
func (l *Linker) call(i int, r *mapdef.Reloc) error {
	_, src := l.in.regs(i)
	section, off, name := l.fn.section, uint64(0), ""
	if r == nil {
		if src != srcCall {
			return nil // a helper, or a kernel function by number
		}
		// Clang does not write relocations for calls inside one section.
		to := int64(l.fn.off/InsnSize) + int64(i) + int64(l.in.imm(i)) + 1
		if to < 0 {
			return l.refuse("call_target", "", "call leads to before the section")
		}
		off, name = uint64(to)*InsnSize, l.file.Sections[section].Name
	} else {
		sym := &l.file.Symbols[r.Symbol]
		if isExtern(sym) {
			l.addExtern(i, sym, ExternCall)
			return nil
		}
		var err error
		if section, err = l.definedIn(sym); err != nil {
			return err
		}
		if name = l.symbolName(sym); src != srcCall {
			return l.refuse("reloc_instruction", "", "relocation against %q is on a call of a helper", name)
		}
		var ok bool
		if off, ok = targetOffset(sym, r, l.in, i); !ok {
			return l.refuse("call_target", "", "call of %q leads to before the section", name)
		}
	}
	fn, ok := l.functionAt(section, off)
	if !ok {
		return l.refuse("call_target", "", "call of %q leads to offset %#x of section %q, where no function begins",
			name, off, l.file.Sections[section].Name)
	}
	return l.need(i, fn)
}

// checkReloc refuses what is never right on an instruction (R131).
func (l *Linker) checkReloc(r *mapdef.Reloc) error {
	if r.Type != mapdef.R_BPF_64_64 && r.Type != mapdef.R_BPF_64_32 {
		return l.refuse("reloc_type", "", "relocation type %d is not one for instructions", r.Type)
	}
	return nil
}
