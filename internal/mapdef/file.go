// Package mapdef holds the nouns that every stage shares: what was read of an
// ELF file (File, Section, Symbol, Reloc), what it defines (Def, Slot, Target)
// and how a refusal is told (Error). It computes next to nothing, touches
// neither the host nor the kernel, and imports no other package of this module
// but the BTF table.
package mapdef

import (
	"debug/elf"
	"encoding/binary"
	"sync"

	"github.com/bpfload/bpfload/internal/rawbtf"
)

// PointerSize is the width in bytes of a pointer in BPF data, whatever the
// host or a section's alignment is (spec R88).
const PointerSize = 8

// File is an ELF64 relocatable object, read and checked: every index in
// it is in range, every byte slice is backed by the file.
type File struct {
	// Order is the byte order of the file (EI_DATA); BTF and contents have it too.
	Order binary.ByteOrder
	// Sections in table order; Sections[i].Index == i, the first is the null section.
	Sections []Section
	// Symbols in table order; the first is the null symbol. Empty without SHT_SYMTAB.
	Symbols []Symbol
	// Relocs holds, for the section with that index, the relocations that patch
	// it, in ascending order of Offset. len(Relocs) == len(Sections).
	Relocs [][]Reloc
	// BTF is the object's .BTF, nil when there is none. BTFErr says why a
	// present .BTF could not be read (then BTF is nil).
	BTF    *rawbtf.Table
	BTFErr error
	// Raw is the whole file, nil where no section's name begins with "maps" and not
	// everything was read. Shared with Sections' data: read only.
	Raw []byte

	variables struct {
		sync.Once
		index *VarIndex
	}
}

// Variables is the VarIndex of the file, made when first asked for: by then nothing of
// the file may change any more.
func (f *File) Variables() *VarIndex {
	f.variables.Do(func() { f.variables.index = NewVarIndex(f) })
	return f.variables.index
}

// Section is one section header and its bytes.
type Section struct {
	Index int
	Name  string
	Type  elf.SectionType
	Flags elf.SectionFlag
	Link  uint32
	Info  uint32
	Align uint64
	// Size is sh_size in bytes. For SHT_NOBITS nothing of the file backs it.
	Size uint64
	// Data is the section's bytes, nil for SHT_NOBITS. Read only.
	Data []byte
}

// Exec tells whether the section holds instructions.
func (s *Section) Exec() bool {
	return s.Type == elf.SHT_PROGBITS && s.Flags&elf.SHF_EXECINSTR != 0
}

// Symbol is one entry of SHT_SYMTAB.
type Symbol struct {
	Index int
	Name  string
	// Value is the offset in bytes from the start of the section.
	Value uint64
	// Size in bytes; 0 from clang 7 and older, whatever the object's true size.
	Size uint64
	Bind elf.SymBind
	Type elf.SymType
	Vis  elf.SymVis
	// Section is the section index, or one of the reserved SHN_ values.
	Section elf.SectionIndex
}

// In tells whether the symbol is defined in the section with that index.
func (s *Symbol) In(section int) bool { return int(s.Section) == section && section != 0 }

// Reloc is one entry of SHT_REL or SHT_RELA.
type Reloc struct {
	// Offset is in bytes from the start of the patched section (r_offset), not
	// from a symbol.
	Offset uint64
	// Type is R_BPF_*: 1 64_64 (ld_imm64), 2 ABS64, 3 ABS32, 4 NODYLD32, 10 64_32 (call).
	Type uint32
	// Symbol indexes File.Symbols.
	Symbol int
	// Addend of SHT_RELA. With SHT_REL it is 0 and HasAddend is false: the
	// addend is then stored at the patched place.
	Addend    int64
	HasAddend bool
	// Table is the index of the relocation section itself, for messages.
	Table int
}

// Relocation types of BPF objects (LLVM's BPF.def; kernel Documentation/bpf/llvm_reloc.rst).
const (
	R_BPF_NONE        = 0
	R_BPF_64_64       = 1
	R_BPF_64_ABS64    = 2
	R_BPF_64_ABS32    = 3
	R_BPF_64_NODYLD32 = 4
	R_BPF_64_32       = 10
	// R_BPF_DATA_64 is what ABS64 was to the GNU assembler up to 2.40 (bfd's
	// elf64-bpf howtos); it leaves the symbol's value at the patched place.
	R_BPF_DATA_64 = 12
)

// SetsPointer tells of relocations that put an address into data.
func (r *Reloc) SetsPointer() bool {
	return r.Type == R_BPF_64_ABS64 || r.Type == R_BPF_64_64 || r.Type == R_BPF_DATA_64
}

// PointerBase is what the 8 bytes at the patched place are added to, where the
// entry has no addend of its own: the symbol's value, unless it stands there already.
func (r *Reloc) PointerBase(sym *Symbol) uint64 {
	if r.Type == R_BPF_DATA_64 {
		return 0
	}
	return sym.Value
}

// Span is b[off:off+n], and false where that is not inside b. It cannot overflow.
func Span(b []byte, off, n uint64) ([]byte, bool) {
	if off > uint64(len(b)) || n > uint64(len(b))-off {
		return nil, false
	}
	return b[off : off+n : off+n], true
}

// SectionNamed is the first section of exactly that name, nil if there is none.
func (f *File) SectionNamed(name string) *Section {
	for i := range f.Sections {
		if i != 0 && f.Sections[i].Name == name {
			return &f.Sections[i]
		}
	}
	return nil
}
