package elftest

import (
	"bytes"
	"debug/elf"
	"encoding/binary"

	"github.com/bpfload/bpfload/internal/mapdef"
)

// Sizes in bytes of the ELF64 records.
const (
	headerSize  = 64
	sectionSize = 64
	symbolSize  = 24
)

// layout makes every section with its final index and bytes; relocations keep
// the order in which they were given.
func (o *Object) layout() *mapdef.File {
	f := &mapdef.File{Order: o.order(), Sections: make([]mapdef.Section, 1)}
	symbols, index := o.symbols()
	for _, s := range o.Sections {
		f.Sections = append(f.Sections, section(s))
	}
	f.Relocs = make([][]mapdef.Reloc, 1+len(o.Sections))
	symtab := len(f.Sections)
	for _, s := range o.Sections {
		if s.Relocs != nil {
			symtab++
		}
	}
	for i, s := range o.Sections {
		if s.Relocs == nil {
			continue
		}
		table := len(f.Sections)
		for _, r := range s.Relocs {
			out := mapdef.Reloc{Offset: r.Offset, Type: r.Type, Symbol: o.symbolOf(r, index), Table: table}
			if s.Rela {
				out.Addend, out.HasAddend = r.Addend, true
			}
			f.Relocs[i+1] = append(f.Relocs[i+1], out)
		}
		f.Sections = append(f.Sections, relocSection(f.Order, s, f.Relocs[i+1], symtab, i+1))
	}
	if !o.NoSymtab {
		f.Symbols = symbols
		f.Sections = append(f.Sections, symbolSections(f.Order, symbols, symtab)...)
	}
	f.Sections = append(f.Sections, mapdef.Section{Name: ".shstrtab", Type: elf.SHT_STRTAB, Align: 1})
	names := newStrings()
	for i := range f.Sections {
		f.Sections[i].Index = i
		names.add(f.Sections[i].Name)
	}
	last := &f.Sections[len(f.Sections)-1]
	last.Data, last.Size = names.bytes, uint64(len(names.bytes))
	f.Relocs = append(f.Relocs, make([][]mapdef.Reloc, len(f.Sections)-len(f.Relocs))...)
	return f
}

func section(s Section) mapdef.Section {
	out := mapdef.Section{Name: s.Name, Type: s.Type, Flags: s.Flags, Link: s.Link, Info: s.Info,
		Align: s.Align, Size: uint64(len(s.Data)), Data: s.Data}
	if out.Type == elf.SHT_NULL {
		out.Type = elf.SHT_PROGBITS
	}
	if out.Align == 0 {
		out.Align = 8
	}
	switch {
	case out.Type == elf.SHT_NOBITS:
		out.Size, out.Data = s.Size, nil
	case out.Data == nil:
		out.Data = []byte{}
	}
	return out
}

func relocSection(order binary.ByteOrder, s Section, relocs []mapdef.Reloc, symtab, target int) mapdef.Section {
	var data []byte
	for _, r := range relocs {
		data = put64(order, data, r.Offset)
		data = put64(order, data, uint64(r.Symbol)<<32|uint64(r.Type))
		if s.Rela {
			data = put64(order, data, uint64(r.Addend))
		}
	}
	out := mapdef.Section{Name: ".rel" + s.Name, Type: elf.SHT_REL, Flags: elf.SHF_INFO_LINK, Link: uint32(symtab),
		Info: uint32(target), Align: 8, Size: uint64(len(data)), Data: data}
	if s.Rela {
		out.Name, out.Type = ".rela"+s.Name, elf.SHT_RELA
	}
	return out
}

func symbolSections(order binary.ByteOrder, symbols []mapdef.Symbol, symtab int) []mapdef.Section {
	names := newStrings()
	var data []byte
	firstGlobal := len(symbols)
	for i, s := range symbols {
		data = put32(order, data, names.add(s.Name))
		data = append(data, elf.ST_INFO(s.Bind, s.Type), byte(s.Vis))
		data = put16(order, data, uint16(s.Section))
		data = put64(order, data, s.Value)
		data = put64(order, data, s.Size)
		if s.Bind != elf.STB_LOCAL {
			firstGlobal = min(firstGlobal, i)
		}
	}
	return []mapdef.Section{
		{Name: ".symtab", Type: elf.SHT_SYMTAB, Link: uint32(symtab + 1), Info: uint32(firstGlobal), Align: 8,
			Size: uint64(len(data)), Data: data},
		{Name: ".strtab", Type: elf.SHT_STRTAB, Align: 1, Size: uint64(len(names.bytes)), Data: names.bytes},
	}
}

// encodeFile writes header, contents and section table, in this order.
func encodeFile(o *Object, f *mapdef.File) []byte {
	var body bytes.Buffer
	offsets := make([]uint64, len(f.Sections))
	for i, s := range f.Sections[1:] {
		pad(&body, 8)
		offsets[i+1] = headerSize + uint64(body.Len())
		body.Write(s.Data)
	}
	pad(&body, 8)
	out := append(fileHeader(o, f, headerSize+uint64(body.Len())), body.Bytes()...)
	names := newStrings()
	for i, s := range f.Sections {
		entry := uint64(0)
		switch s.Type {
		case elf.SHT_SYMTAB, elf.SHT_RELA:
			entry = symbolSize
		case elf.SHT_REL:
			entry = 16
		}
		out = put32(f.Order, out, names.add(s.Name))
		out = put32(f.Order, out, uint32(s.Type))
		out = put64(f.Order, out, uint64(s.Flags))
		out = put64(f.Order, out, 0)
		out = put64(f.Order, out, offsets[i])
		out = put64(f.Order, out, s.Size)
		out = put32(f.Order, out, s.Link)
		out = put32(f.Order, out, s.Info)
		out = put64(f.Order, out, s.Align)
		out = put64(f.Order, out, entry)
	}
	return out
}

func fileHeader(o *Object, f *mapdef.File, sectionTable uint64) []byte {
	data := elf.ELFDATA2LSB
	if isBig(f.Order) {
		data = elf.ELFDATA2MSB
	}
	typ, machine := o.Type, o.Machine
	if typ == 0 {
		typ = elf.ET_REL
	}
	switch machine {
	case 0:
		machine = elf.EM_BPF
	case MachineNone:
		machine = 0
	}
	out := make([]byte, elf.EI_NIDENT, headerSize)
	copy(out, elf.ELFMAG)
	out[elf.EI_CLASS], out[elf.EI_DATA], out[elf.EI_VERSION] = byte(elf.ELFCLASS64), byte(data), byte(elf.EV_CURRENT)
	out = put16(f.Order, out, uint16(typ))
	out = put16(f.Order, out, uint16(machine))
	out = put32(f.Order, out, uint32(elf.EV_CURRENT))
	out = put64(f.Order, out, 0)
	out = put64(f.Order, out, 0)
	out = put64(f.Order, out, sectionTable)
	out = put32(f.Order, out, 0)
	for _, v := range []int{headerSize, 0, 0, sectionSize, len(f.Sections), len(f.Sections) - 1} {
		out = put16(f.Order, out, uint16(v))
	}
	return out
}

func pad(b *bytes.Buffer, align int) {
	for b.Len()%align != 0 {
		b.WriteByte(0)
	}
}

// stringTable is a NUL-separated table; equal strings are stored once.
type stringTable struct {
	bytes []byte
	seen  map[string]uint32
}

func newStrings() *stringTable {
	return &stringTable{bytes: []byte{0}, seen: map[string]uint32{"": 0}}
}

func (t *stringTable) add(s string) uint32 {
	if off, ok := t.seen[s]; ok {
		return off
	}
	off := uint32(len(t.bytes))
	t.seen[s] = off
	t.bytes = append(append(t.bytes, s...), 0)
	return off
}
