package progs

import (
	"github.com/bpfload/bpfload/internal/mapdef"
)

// Jump tables are what clang 22 and later write for a switch: in section
// .jumptables one symbol for each, whose 8-byte words are offsets in bytes in the
// section of the function. The program takes the address of a map of
// instructions and jumps where its value says (Linux 6.19; spec R128).

const (
	jumpTableSection = ".jumptables"
	jumpTableWord    = 8 // bytes of an entry
)

// JumpTable is one table of one linked program. The kernel wants it as a frozen map
// of type BPF_MAP_TYPE_INSN_ARRAY, which only this program may use.
type JumpTable struct {
	// Name is the symbol's, Offset where the table begins in .jumptables, in bytes.
	Name   string
	Offset uint64
	// Entries are slots in Code.Insns.
	Entries []uint32
	// Refs are the ld_imm64 that take the table.
	Refs []JumpTableRef
}

// JumpTableRef is one ld_imm64 that takes the address of a table plus Offset bytes.
type JumpTableRef struct {
	Insn   int // slot in Code.Insns
	Offset uint32
}

// SetJumpTable makes the instructions of code (as from Patch) that take table i
// refer to the map with that descriptor.
func (c *Code) SetJumpTable(code []byte, i, fd int) {
	for _, r := range c.JumpTables[i].Refs {
		insns{code, c.Order}.setWide(r.Insn, srcMapValue, uint32(fd), r.Offset)
	}
}

// tablePlace is where a jump table stands in its section, in bytes.
type tablePlace struct{ off, size uint64 }

// jumpTable resolves the ld_imm64 at slot i of the current function, which takes
// the table that begins at sym; off is where it leads in the section.
func (l *Linker) jumpTable(i int, sym *mapdef.Symbol, off uint64) error {
	sec := &l.file.Sections[sym.Section]
	name, size := l.symbolName(sym), uint64(len(sec.Data)) // of SHT_NOBITS there are none
	if sym.Size == 0 || sym.Size%jumpTableWord != 0 || sym.Value%jumpTableWord != 0 || sym.Value > size || sym.Size > size-sym.Value {
		return l.refuse("jump_tables", "", "jump table %q of %d bytes at offset %#x is not a number of 8-byte words of section %q of %d bytes",
			name, sym.Size, sym.Value, sec.Name, size)
	}
	if off < sym.Value || off-sym.Value >= sym.Size {
		return l.refuse("jump_tables", "", "reference to jump table %q leads to offset %#x, outside of it", name, off)
	}
	at := tablePlace{sym.Value, sym.Size}
	t, ok := l.tables[at]
	if !ok {
		entries, err := l.tableEntries(sec, sym)
		if err != nil {
			return err
		}
		t = len(l.code.JumpTables)
		if l.tables == nil {
			l.tables = make(map[tablePlace]int)
		}
		l.tables[at] = t
		l.code.JumpTables = append(l.code.JumpTables, JumpTable{Name: name, Offset: sym.Value, Entries: entries})
	}
	l.code.JumpTables[t].Refs = append(l.code.JumpTables[t].Refs, JumpTableRef{l.slot(i), uint32(off - sym.Value)})
	return nil
}

// tableEntries are the slots that a table of the current function leads to. The
// tables of a program may not have more entries than there are bytes for: a file
// whose tables overlap could ask for any number.
func (l *Linker) tableEntries(sec *mapdef.Section, sym *mapdef.Symbol) ([]uint32, error) {
	n := sym.Size / jumpTableWord
	if l.tableWords += n; l.tableWords > uint64(len(sec.Data))/jumpTableWord {
		return nil, l.refuse("jump_tables", "", "jump table %q overlaps others of the program", l.symbolName(sym))
	}
	entries := make([]uint32, n)
	for j := range entries {
		at := sym.Value + uint64(j)*jumpTableWord
		to := l.file.Order.Uint64(sec.Data[at:])
		if to < l.fn.off || to-l.fn.off >= l.fn.size || to%InsnSize != 0 {
			return nil, l.refuse("jump_tables", "", "entry %d of jump table %q is %#x, which is no instruction of the function", j, l.symbolName(sym), to)
		}
		entries[j] = uint32(l.first) + uint32((to-l.fn.off)/InsnSize)
	}
	return entries, nil
}
