package elftest

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"slices"
	"strings"
)

// Swap is the same ELF64 object in the other byte order: headers, symbols,
// relocations and what they patch, instructions, BTF and .BTF.ext, the version. The
// contents of data sections stay as they are, since nothing says what they are;
// so an object with legacy map definitions is none that can be swapped. Neither
// is one whose parts overlap or are outside the file, or whose BTF is not words and
// then strings.
func Swap(raw []byte) ([]byte, bool) {
	if len(raw) < shdrBytes || !bytes.HasPrefix(raw, []byte(elf.ELFMAG)) || elf.Class(raw[elf.EI_CLASS]) != elf.ELFCLASS64 {
		return nil, false
	}
	s := &swapper{b: bytes.Clone(raw), patches: map[uint64]bool{}}
	switch elf.Data(raw[elf.EI_DATA]) {
	case elf.ELFDATA2LSB:
		s.from, s.b[elf.EI_DATA] = binary.LittleEndian, byte(elf.ELFDATA2MSB)
	case elf.ELFDATA2MSB:
		s.from, s.b[elf.EI_DATA] = binary.BigEndian, byte(elf.ELFDATA2LSB)
	default:
		return nil, false
	}
	if !s.readSections() || !s.apart() {
		return nil, false
	}
	for i := range s.all {
		if !s.regular(i) {
			return nil, false
		}
	}
	if s.sections(); s.twice {
		return nil, false
	}
	s.fields(s.b[16:], 2, 2, 4, 8, 8, 8, 4, 2, 2, 2, 2, 2, 2)
	for i := range s.all {
		s.fields(s.b[s.table+uint64(i)*shdrBytes:], 4, 4, 8, 8, 8, 8, 4, 4, 8, 8)
	}
	return s.b, true
}

type swapper struct {
	b     []byte
	from  binary.ByteOrder
	table uint64 // offset of the section headers
	all   []swapSection
	// patches are the bytes of addends; twice tells that two of them overlap.
	patches map[uint64]bool
	twice   bool
}

type swapSection struct {
	name      string
	typ       elf.SectionType
	flags     elf.SectionFlag
	off, size uint64
	info      uint32
}

func (s *swapper) readSections() bool {
	s.table = s.from.Uint64(s.b[40:])
	n, names := uint64(s.from.Uint16(s.b[60:])), int(s.from.Uint16(s.b[62:]))
	end := s.table + n*shdrBytes
	if s.table > uint64(len(s.b)) || end > uint64(len(s.b)) || s.from.Uint16(s.b[58:]) != shdrBytes || names >= int(n) {
		return false
	}
	for i := range n {
		h := s.b[s.table+i*shdrBytes:]
		sec := swapSection{typ: elf.SectionType(s.from.Uint32(h[4:])), flags: elf.SectionFlag(s.from.Uint64(h[8:])),
			off: s.from.Uint64(h[24:]), size: s.from.Uint64(h[32:]), info: s.from.Uint32(h[44:])}
		if sec.typ == elf.SHT_NOBITS || sec.typ == elf.SHT_NULL {
			sec.size = 0
		}
		if sec.off > uint64(len(s.b)) || sec.size > uint64(len(s.b))-sec.off {
			return false
		}
		s.all = append(s.all, sec)
	}
	strs := s.bytes(names)
	for i := range s.all {
		if at := uint64(s.from.Uint32(s.b[s.table+uint64(i)*shdrBytes:])); at < uint64(len(strs)) {
			s.all[i].name, _, _ = strcut(strs[at:])
		}
		if name := s.all[i].name; strings.HasPrefix(name, "maps") || strings.Contains(name, "/maps") || strings.HasPrefix(name, ".android") {
			return false
		}
	}
	return true
}

func (s *swapper) bytes(i int) []byte { return s.b[s.all[i].off : s.all[i].off+s.all[i].size] }

// apart tells that no byte belongs to two parts.
func (s *swapper) apart() bool {
	parts := [][2]uint64{{0, shdrBytes}, {s.table, s.table + uint64(len(s.all))*shdrBytes}}
	for _, sec := range s.all {
		if sec.size > 0 {
			parts = append(parts, [2]uint64{sec.off, sec.off + sec.size})
		}
	}
	slices.SortFunc(parts, func(a, b [2]uint64) int { return int(int64(a[0]) - int64(b[0])) })
	for i := 1; i < len(parts); i++ {
		if parts[i][0] < parts[i-1][1] {
			return false
		}
	}
	return true
}

// fields reverses fields of those widths, one after the other, as far as there are bytes.
func (s *swapper) fields(b []byte, widths ...int) {
	for _, w := range widths {
		if len(b) < w {
			return
		}
		slices.Reverse(b[:w])
		b = b[w:]
	}
}

func (s *swapper) each(b []byte, size int, widths ...int) {
	for ; len(b) >= size; b = b[size:] {
		s.fields(b, widths...)
	}
}

func (s *swapper) sections() {
	for i, sec := range s.all {
		b := s.bytes(i)
		switch {
		case sec.typ == elf.SHT_SYMTAB || sec.typ == elf.SHT_DYNSYM:
			s.each(b, symbolBytes, 4, 1, 1, 2, 8, 8)
		case sec.typ == elf.SHT_REL:
			s.patched(i, 16)
			s.each(b, 16, 8, 8)
		case sec.typ == elf.SHT_RELA:
			s.each(b, 24, 8, 8, 8)
		case sec.name == ".BTF":
			s.btf(b)
		case sec.name == ".BTF.ext":
			s.fields(b, 2)
			s.words(b[min(4, len(b)):])
		case plain(sec.typ) && sec.flags&elf.SHF_EXECINSTR != 0:
			for insn := range slices.Chunk(b, 8) {
				if len(insn) == 8 {
					insn[1] = insn[1]<<4 | insn[1]>>4
					s.fields(insn[2:], 2, 4)
				}
			}
		case sec.name == ".jumptables":
			s.each(b, 8, 8)
		case sec.name == "version":
			s.fields(b, 4)
		}
	}
}

// plain tells that a section's bytes are what its name and flags say, as those of
// every type that ELF gives no form: the reader goes by the name too.
func plain(typ elf.SectionType) bool {
	switch typ {
	case elf.SHT_NULL, elf.SHT_NOBITS, elf.SHT_STRTAB, elf.SHT_SYMTAB, elf.SHT_DYNSYM, elf.SHT_REL, elf.SHT_RELA:
		return false
	}
	return true
}

// patched reverses the addends that relocations without their own add to, in
// sections of data.
func (s *swapper) patched(rel, size int) {
	sec := s.all[rel]
	if uint64(sec.info) >= uint64(len(s.all)) || sec.info == 0 {
		return
	}
	to := s.all[sec.info]
	if !plain(to.typ) || to.flags&elf.SHF_EXECINSTR != 0 || strings.HasPrefix(to.name, ".BTF") {
		return
	}
	data, widths := s.bytes(int(sec.info)), map[uint32]int{2: 8, 3: 4} // R_BPF_64_ABS64, R_BPF_64_ABS32
	for r := range slices.Chunk(s.bytes(rel), size) {
		if len(r) < size {
			return
		}
		off, w := s.from.Uint64(r), widths[uint32(s.from.Uint64(r[8:]))]
		if off >= uint64(len(data)) || w == 0 {
			continue
		}
		s.fields(data[off:], w)
		for i := range uint64(w) {
			at := to.off + off + i
			s.twice = s.twice || s.patches[at]
			s.patches[at] = true
		}
	}
}

func (s *swapper) words(b []byte) { s.each(b, 4, 4) }

// regular tells that a section is made of what sections takes it for.
func (s *swapper) regular(i int) bool {
	b, sec := s.bytes(i), s.all[i]
	switch {
	case sec.name == ".BTF":
		return s.btfTypesEnd(b) != 0
	case sec.name == ".BTF.ext":
		return s.btfExtWords(b)
	case sec.flags&elf.SHF_EXECINSTR != 0:
		for _, data := range []string{"license", "version", ".maps", ".data", ".rodata", ".bss", ".struct_ops", ".jumptables", ".kconfig"} {
			if strings.Contains(sec.name, data) {
				return false
			}
		}
	}
	return true
}

// btfExtWords tells that all of .BTF.ext stands on multiples of 4.
func (s *swapper) btfExtWords(b []byte) bool {
	if len(b) < 24 || s.from.Uint32(b[4:])%4 != 0 {
		return false
	}
	header := uint64(s.from.Uint32(b[4:]))
	for at := uint64(8); at+8 <= min(header, uint64(len(b)), 32); at += 8 {
		off, size := uint64(s.from.Uint32(b[at:])), uint64(s.from.Uint32(b[at+4:]))
		if off%4 != 0 || size%4 != 0 {
			return false
		}
		if first := header + off; size > 0 && (first+4 > uint64(len(b)) || s.from.Uint32(b[first:])%4 != 0) {
			return false
		}
	}
	return true
}

// btf reverses everything but the strings.
func (s *swapper) btf(b []byte) {
	if end := s.btfTypesEnd(b); end > 0 {
		s.fields(b, 2)
		s.words(b[4:end])
	}
}

// btfTypesEnd is where words end and strings begin; 0 where that is not so.
func (s *swapper) btfTypesEnd(b []byte) uint64 {
	if len(b) < 24 {
		return 0
	}
	at := func(i int) uint64 { return uint64(s.from.Uint32(b[i:])) }
	header, end, strs := at(4), at(4)+at(8)+at(12), at(4)+at(16)
	if header < 24 || header%4 != 0 || at(8)%4 != 0 || at(12)%4 != 0 || strs < end || strs+at(20) > uint64(len(b)) {
		return 0
	}
	return end
}
