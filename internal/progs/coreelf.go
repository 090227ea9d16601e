package progs

import (
	"bytes"
	"debug/elf"

	"github.com/bpfload/bpfload/internal/mapdef"
)

// coreELF is the smallest ELF file from which cilium/ebpf reads CO-RE
// relocations: the object's .BTF and a .BTF.ext with nothing but the given
// core_relo part.
func coreELF(f *mapdef.File, cores []byte) *bytes.Reader {
	const header, section, symbol = 64, 64, 24
	names := "\x00.BTF\x00.BTF.ext\x00.symtab\x00.strtab\x00"
	type part struct {
		name uint32
		typ  elf.SectionType
		data []byte
		link uint32
		size uint64 // of entries
	}
	parts := []part{
		{},
		{1, elf.SHT_PROGBITS, f.BTF.Raw(), 0, 0},
		{6, elf.SHT_PROGBITS, coreExt(f, cores), 0, 0},
		{15, elf.SHT_SYMTAB, make([]byte, symbol), 4, symbol},
		{23, elf.SHT_STRTAB, []byte(names), 0, 0}, // of sections and of symbols
	}
	w := wordWriter{order: f.Order}
	data := byte(elf.ELFDATA2LSB)
	if (insns{order: f.Order}).big() {
		data = byte(elf.ELFDATA2MSB)
	}
	w.b = append(w.b, elf.ELFMAG...)
	w.b = append(w.b, byte(elf.ELFCLASS64), data, byte(elf.EV_CURRENT), 0, 0, 0, 0, 0, 0, 0, 0, 0)
	w.u16(uint16(elf.ET_REL), uint16(elf.EM_BPF))
	w.u32(uint32(elf.EV_CURRENT))
	w.u64(0, 0, header)
	w.u32(0)
	w.u16(header, 0, 0, section, uint16(len(parts)), 4)
	off := uint64(header + section*len(parts))
	for _, p := range parts {
		w.u32(p.name, uint32(p.typ))
		w.u64(0, 0, off, uint64(len(p.data)))
		w.u32(p.link, 0)
		w.u64(1, p.size)
		off += uint64(len(p.data))
	}
	for _, p := range parts {
		w.b = append(w.b, p.data...)
	}
	return bytes.NewReader(w.b)
}

// coreExt is a .BTF.ext section whose function and line parts are empty.
func coreExt(f *mapdef.File, cores []byte) []byte {
	w := wordWriter{order: f.Order}
	w.u16(extMagic)
	w.b = append(w.b, 1, 0)
	empty := uint32(4) // both parts are one record size and nothing else
	w.u32(32, 0, empty, empty, empty, 2*empty, uint32(len(cores)))
	w.u32(FuncInfoSize, LineInfoSize)
	return append(w.b, cores...)
}

type wordWriter struct {
	b     []byte
	order interface {
		PutUint16([]byte, uint16)
		PutUint32([]byte, uint32)
		PutUint64([]byte, uint64)
	}
}

func (w *wordWriter) grow(n int) []byte {
	w.b = append(w.b, make([]byte, n)...)
	return w.b[len(w.b)-n:]
}

func (w *wordWriter) u16(vs ...uint16) {
	for _, v := range vs {
		w.order.PutUint16(w.grow(2), v)
	}
}

func (w *wordWriter) u32(vs ...uint32) {
	for _, v := range vs {
		w.order.PutUint32(w.grow(4), v)
	}
}

func (w *wordWriter) u64(vs ...uint64) {
	for _, v := range vs {
		w.order.PutUint64(w.grow(8), v)
	}
}
