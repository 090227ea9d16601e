package elffile

import (
	"debug/elf"
	"encoding/binary"
	"math"

	"github.com/bpfload/bpfload/internal/mapdef"
	"github.com/bpfload/bpfload/internal/room"
)

// Sizes in bytes of what include/uapi/linux/elf.h has for ELF64.
const (
	elfHeaderSize     = 64 // Elf64_Ehdr
	sectionHeaderSize = 64 // Elf64_Shdr
	programHeaderSize = 56 // Elf64_Phdr
)

// sectionHeader is one Elf64_Shdr. debug/elf has it too; it copies, and reads more
// slowly than the rest of an object takes.
type sectionHeader struct {
	name                         string
	typ                          elf.SectionType
	flags                        elf.SectionFlag
	offset, size, align, entsize uint64 // bytes
	link, info                   uint32
}

// readHeaders reads and checks the ELF header and the section headers. It asks what
// debug/elf asks, and what is special about BPF objects (R9).
func readHeaders(f *mapdef.File, im *Image, there []sectionHeader) ([]sectionHeader, error) {
	raw := im.beginning()
	if len(raw) < 4 || string(raw[:4]) != elf.ELFMAG {
		return nil, badFile("not_elf", "not an ELF file")
	}
	if len(raw) > elf.EI_CLASS && elf.Class(raw[elf.EI_CLASS]) != elf.ELFCLASS64 {
		return nil, badFile("elf_class", "a BPF object is ELF64, this is %v", elf.Class(raw[elf.EI_CLASS]))
	}
	if len(raw) < elfHeaderSize {
		return nil, badFile("elf", "the ELF header needs %d bytes, the file has %d", elfHeaderSize, len(raw))
	}
	switch elf.Data(raw[elf.EI_DATA]) {
	case elf.ELFDATA2LSB:
		f.Order = binary.LittleEndian
	case elf.ELFDATA2MSB:
		f.Order = binary.BigEndian
	default:
		return nil, badFile("elf", "ELF headers: unknown data encoding %d", raw[elf.EI_DATA])
	}
	if v, w := raw[elf.EI_VERSION], f.Order.Uint32(raw[20:]); v != byte(elf.EV_CURRENT) || w != uint32(elf.EV_CURRENT) {
		return nil, badFile("elf", "ELF headers: versions %d and %d instead of 1", v, w)
	}
	if t := elf.Type(f.Order.Uint16(raw[16:])); t != elf.ET_REL {
		return nil, badFile("elf_type", "a BPF object is relocatable (ET_REL), this is %v", t)
	}
	if m := elf.Machine(f.Order.Uint16(raw[18:])); m != elf.EM_BPF && m != elf.EM_NONE {
		return nil, badFile("elf_machine", "machine is %v instead of EM_BPF or EM_NONE", m)
	}
	return readSections(f.Order, im, there)
}

// table is where the section headers stand.
type table struct {
	off     uint64
	entsize uint64
	count   uint64
	names   uint64 // index of the section that holds the names, 0 for none
}

// findTable reads the rest of the ELF header.
func findTable(order binary.ByteOrder, im *Image) (t table, err error) {
	raw := im.beginning()
	u16 := func(at int) uint64 { return uint64(order.Uint16(raw[at:])) }
	t = table{off: order.Uint64(raw[40:]), entsize: u16(58), count: u16(60), names: u16(62)}
	phoff, phsize, phcount := order.Uint64(raw[32:]), u16(54), u16(56)
	if phcount > 0 {
		if ok := im.has(phoff, phsize*phcount); !ok || phsize < programHeaderSize {
			return t, badFile("elf", "ELF headers: %d program headers of %d bytes at %#x are not in the file", phcount, phsize, phoff)
		}
	}
	if t.off == 0 {
		if t.count != 0 {
			return t, badFile("elf", "ELF headers: %d section headers stand nowhere", t.count)
		}
		return t, nil
	}
	if t.count == 0 {
		if err := manySections(order, im, &t); err != nil {
			return t, err
		}
	}
	if t.names >= t.count {
		return t, badFile("elf", "ELF headers: section %d of %d holds the names", t.names, t.count)
	}
	if t.entsize < sectionHeaderSize {
		return t, badFile("elf", "ELF headers: section headers have %d bytes instead of %d", t.entsize, sectionHeaderSize)
	}
	if t.count > im.size { // so that the product below cannot wrap
		return t, badFile("elf", "ELF headers: %d section headers are not in the file", t.count)
	}
	return t, nil
}

// manySections reads the numbers that stand in the first section header where they
// do not fit into the ELF header.
func manySections(order binary.ByteOrder, im *Image, t *table) error {
	if err := im.need(extent{t.off, t.off + sectionHeaderSize}); err != nil {
		return err
	}
	b, ok := im.span(t.off, sectionHeaderSize)
	if !ok {
		return badFile("elf", "ELF headers: the section headers at %#x are not in the file", t.off)
	}
	if typ := elf.SectionType(order.Uint32(b[4:])); typ != elf.SHT_NULL {
		return badFile("elf", "ELF headers: the first section is a %v", typ)
	}
	if t.count = order.Uint64(b[32:]); t.count < uint64(elf.SHN_LORESERVE) || t.count > math.MaxInt32 {
		return badFile("elf", "ELF headers: %d sections by the first section header", t.count)
	}
	if t.names == uint64(elf.SHN_XINDEX) {
		if t.names = uint64(order.Uint32(b[40:])); t.names < uint64(elf.SHN_LORESERVE) {
			return badFile("elf", "ELF headers: section %d holds the names by the first section header", t.names)
		}
	}
	return nil
}

func readSections(order binary.ByteOrder, im *Image, there []sectionHeader) ([]sectionHeader, error) {
	t, err := findTable(order, im)
	if err != nil || t.count == 0 {
		return nil, err
	}
	if err := im.need(extent{t.off, t.off + t.count*t.entsize}); err != nil {
		return nil, err
	}
	data, ok := im.span(t.off, t.count*t.entsize)
	if !ok {
		return nil, badFile("elf", "ELF headers: %d section headers of %d bytes at %#x are not in the file", t.count, t.entsize, t.off)
	}
	sections := room.For(there, int(t.count))
	for i := range sections {
		b := data[uint64(i)*t.entsize:]
		sections[i] = sectionHeader{typ: elf.SectionType(order.Uint32(b[4:])), flags: elf.SectionFlag(order.Uint64(b[8:])),
			offset: order.Uint64(b[24:]), size: order.Uint64(b[32:]), link: order.Uint32(b[40:]), info: order.Uint32(b[44:]),
			align: order.Uint64(b[48:]), entsize: order.Uint64(b[56:])}
		if s := &sections[i]; s.offset > math.MaxInt64 || s.size > math.MaxInt64 {
			return nil, badFile("elf", "ELF headers: section %d has %#x bytes at %#x", i, s.size, s.offset)
		}
	}
	return sections, nameSections(order, im, sections, t, data)
}

// nameSections cuts every name from one string.
func nameSections(order binary.ByteOrder, im *Image, sections []sectionHeader, t table, headers []byte) error {
	if t.names == 0 {
		return nil
	}
	s := &sections[t.names]
	if s.typ != elf.SHT_STRTAB {
		return badFile("elf", "ELF headers: section %d, a %v, holds the names", t.names, s.typ)
	}
	if err := im.need(extent{s.offset, s.offset + s.size}); err != nil {
		return err
	}
	data, ok := im.span(s.offset, s.size)
	if !ok {
		return badFile("elf", "ELF headers: the names, %d bytes at %#x, are not in the file", s.size, s.offset)
	}
	names, total := sameBytes(data), uint64(0)
	for i := range sections {
		off := order.Uint32(headers[uint64(i)*t.entsize:])
		if sections[i].name, ok = cstring(names, off); !ok {
			return badFile("elf", "ELF headers: the name of section %d, at %#x, is none", i, off)
		}
		if total += uint64(len(sections[i].name)); total > nameBytes*im.size {
			return badFile("elf", "ELF headers: the names of the sections up to number %d have %d bytes, more than a file of %d can mean: they overlap", i, total, im.size)
		}
	}
	return nil
}
