// Package elftest builds ELF64 BPF objects for tests: the mirror image of the
// reader. What it builds may be as wrong as a test wants it. Only tests import
// it; misuse panics.
package elftest

import (
	"cmp"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/bpfload/bpfload/internal/mapdef"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

// MachineNone in Object.Machine writes e_machine 0, as the first LLVM back ends did.
const MachineNone elf.Machine = 0xffff

// Object is a relocatable object to be. The zero value of each field is what
// clang would write for a little-endian one.
//
// Section indices: Sections[i] gets index i+1; then come the relocation
// sections, in the order of the sections that they patch, then .symtab,
// .strtab, .shstrtab. Symbols[i] gets index i+1, except that local symbols move
// before the others unless Unsorted is set.
type Object struct {
	Order    binary.ByteOrder // nil: little endian
	Type     elf.Type         // 0: ET_REL
	Machine  elf.Machine      // 0: EM_BPF; MachineNone: 0
	Sections []Section
	Symbols  []Symbol
	Unsorted bool // keep symbols in the order given, though locals may come late
	NoSymtab bool // write neither .symtab nor .strtab (File has no symbols then)
}

// Section is one section and the relocations that patch it.
type Section struct {
	Name  string
	Type  elf.SectionType // 0: SHT_PROGBITS
	Flags elf.SectionFlag
	Data  []byte
	Size  uint64 // of SHT_NOBITS, in bytes; else the length of Data counts
	Align uint64 // 0: 8
	Link  uint32
	Info  uint32
	// Relocs in the order in which they are written.
	Relocs []Reloc
	Rela   bool // SHT_RELA instead of SHT_REL
}

// Symbol is one symbol. Section names its section (the first of that name);
// with "" Index counts, a section index or a reserved one (0 is undefined).
type Symbol struct {
	Name    string
	Section string
	Index   elf.SectionIndex
	Value   uint64
	Size    uint64
	Bind    elf.SymBind
	Type    elf.SymType
	Vis     elf.SymVis
}

// Reloc names its symbol, or with Symbol "" gives its rank Sym, counted from 1 in
// Object.Symbols (0 and ranks past the end are written as they are). A section's
// name finds its STT_SECTION symbol where no symbol has the name.
type Reloc struct {
	Offset uint64
	Type   uint32 // mapdef.R_BPF_*
	Symbol string
	Sym    int
	Addend int64 // written with Rela only
}

// Exec is an executable section of those instructions.
func Exec(name string, insns ...[]byte) Section {
	return Section{Name: name, Flags: elf.SHF_ALLOC | elf.SHF_EXECINSTR, Data: slices.Concat(insns...)}
}

// Data is a writable data section.
func Data(name string, data []byte) Section {
	return Section{Name: name, Flags: elf.SHF_ALLOC | elf.SHF_WRITE, Data: data}
}

// Global is a global symbol of type STT_OBJECT.
func Global(name, section string, value, size uint64) Symbol {
	return Symbol{Name: name, Section: section, Value: value, Size: size, Bind: elf.STB_GLOBAL, Type: elf.STT_OBJECT}
}

// Local is a local symbol of type STT_OBJECT.
func Local(name, section string, value, size uint64) Symbol {
	return Symbol{Name: name, Section: section, Value: value, Size: size, Bind: elf.STB_LOCAL, Type: elf.STT_OBJECT}
}

// Func is a global symbol of type STT_FUNC.
func Func(name, section string, value, size uint64) Symbol {
	return Symbol{Name: name, Section: section, Value: value, Size: size, Bind: elf.STB_GLOBAL, Type: elf.STT_FUNC}
}

// SectionSymbol is the STT_SECTION symbol that clang writes for static references.
func SectionSymbol(section string) Symbol {
	return Symbol{Section: section, Bind: elf.STB_LOCAL, Type: elf.STT_SECTION}
}

// Section is the first section of that name; it panics without one.
func (o *Object) Section(name string) *Section {
	return &o.Sections[o.sectionIndex(name)-1]
}

func (o *Object) sectionIndex(name string) int {
	for i := range o.Sections {
		if o.Sections[i].Name == name {
			return i + 1
		}
	}
	panic(fmt.Sprintf("elftest: no section %q", name))
}

func (o *Object) order() binary.ByteOrder {
	if o.Order == nil {
		return binary.LittleEndian
	}
	return o.Order
}

// symbols gives the symbol table and, by rank in Object.Symbols, the index in it.
func (o *Object) symbols() (table []mapdef.Symbol, index []int) {
	ranks := make([]int, len(o.Symbols))
	for i := range ranks {
		ranks[i] = i
	}
	if !o.Unsorted {
		slices.SortStableFunc(ranks, func(a, b int) int {
			return cmp.Compare(min(1, o.Symbols[a].Bind), min(1, o.Symbols[b].Bind))
		})
	}
	table = make([]mapdef.Symbol, 1, len(ranks)+1)
	index = make([]int, len(ranks)+1)
	for _, rank := range ranks {
		s := o.Symbols[rank]
		shndx := s.Index
		if s.Section != "" {
			shndx = elf.SectionIndex(o.sectionIndex(s.Section))
		}
		index[rank+1] = len(table)
		table = append(table, mapdef.Symbol{Index: len(table), Name: s.Name, Value: s.Value, Size: s.Size,
			Bind: s.Bind, Type: s.Type, Vis: s.Vis, Section: shndx})
	}
	return table, index
}

// symbolOf gives the symbol table index that a relocation names.
func (o *Object) symbolOf(r Reloc, index []int) int {
	if r.Symbol == "" {
		if r.Sym > 0 && r.Sym < len(index) {
			return index[r.Sym]
		}
		return r.Sym
	}
	for i, s := range o.Symbols {
		if s.Name == r.Symbol {
			return index[i+1]
		}
	}
	for i, s := range o.Symbols {
		if s.Type == elf.STT_SECTION && s.Section == r.Symbol {
			return index[i+1]
		}
	}
	panic(fmt.Sprintf("elftest: no symbol %q", r.Symbol))
}

// File is what a reader would make of Bytes, made without reading.
func (o *Object) File() *mapdef.File {
	f := o.layout()
	f.Raw = encodeFile(o, f)
	for i := range f.Relocs {
		slices.SortStableFunc(f.Relocs[i], func(a, b mapdef.Reloc) int { return cmp.Compare(a.Offset, b.Offset) })
	}
	if s := f.SectionNamed(".BTF"); s != nil {
		f.BTF, f.BTFErr = rawbtf.Parse(s.Data, f.Order)
		if f.BTFErr != nil {
			f.BTF = nil
		}
	}
	return f
}

// Bytes is the ELF file.
func (o *Object) Bytes() []byte { return encodeFile(o, o.layout()) }
