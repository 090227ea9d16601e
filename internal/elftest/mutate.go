package elftest

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"math/rand/v2"
)

// Mutate is a copy of an ELF64 object that is broken in up to four places of
// its structure: headers, symbols, relocations, BTF, contents, names. The same
// object and seed give the same bytes. What is no ELF64 file gets random bytes.
func Mutate(raw []byte, seed uint64) []byte {
	m := &mutator{b: bytes.Clone(raw), r: rand.New(rand.NewPCG(seed, uint64(len(raw)))), bo: binary.LittleEndian}
	if len(raw) > elf.EI_DATA && elf.Data(raw[elf.EI_DATA]) == elf.ELFDATA2MSB {
		m.bo = binary.BigEndian
	}
	for range 1 + m.r.IntN(4) {
		mutations[m.r.IntN(len(mutations))](m)
	}
	return m.b
}

type mutator struct {
	b  []byte
	r  *rand.Rand
	bo binary.ByteOrder
}

// mutations are equally likely.
var mutations = [...]func(*mutator){
	(*mutator).fileHeader, (*mutator).sectionHeader, (*mutator).sectionHeader, (*mutator).swapSections, (*mutator).symbol, (*mutator).symbol,
	(*mutator).relocation, (*mutator).relocation, (*mutator).btfHeader, (*mutator).btfType, (*mutator).btfType, (*mutator).btfCycle,
	(*mutator).btfWord, (*mutator).extWord, (*mutator).contents, (*mutator).contents, (*mutator).instruction, (*mutator).name, (*mutator).btfName,
	(*mutator).bits, (*mutator).cut,
}

// span is part of the file; it may be empty, and never leaves the file.
func (m *mutator) span(off, size uint64) []byte {
	n := uint64(len(m.b))
	off = min(off, n)
	return m.b[off : off+min(size, n-off)]
}

const (
	shdrBytes   = 64 // Elf64_Shdr and Elf64_Ehdr
	symbolBytes = 24 // Elf64_Sym
)

// header is section header i, nil when it is outside the file.
func (m *mutator) header(i int) []byte {
	if len(m.b) < shdrBytes || i < 0 {
		return nil
	}
	h := m.span(m.bo.Uint64(m.b[40:]), 1<<40)
	if len(h) < (i+1)*shdrBytes {
		return nil
	}
	return h[i*shdrBytes : (i+1)*shdrBytes]
}

func (m *mutator) sections() int {
	if len(m.b) < shdrBytes {
		return 0
	}
	return int(m.bo.Uint16(m.b[60:]))
}

// data is a section's bytes, the name of which passes.
func (m *mutator) data(pass func(name string, typ elf.SectionType) bool) []byte {
	var all [][]byte
	if len(m.b) < shdrBytes {
		return nil
	}
	var names []byte
	if h := m.header(int(m.bo.Uint16(m.b[62:]))); h != nil {
		names = m.span(m.bo.Uint64(h[24:]), m.bo.Uint64(h[32:]))
	}
	for i := range m.sections() {
		h := m.header(i)
		if h == nil {
			continue
		}
		name := ""
		if off := uint64(m.bo.Uint32(h)); off < uint64(len(names)) {
			name, _, _ = strcut(names[off:])
		}
		typ := elf.SectionType(m.bo.Uint32(h[4:]))
		if d := m.span(m.bo.Uint64(h[24:]), m.bo.Uint64(h[32:])); typ != elf.SHT_NOBITS && len(d) > 0 && pass(name, typ) {
			all = append(all, d)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all[m.r.IntN(len(all))]
}

func strcut(b []byte) (string, []byte, bool) {
	before, after, ok := bytes.Cut(b, []byte{0})
	return string(before), after, ok
}

func (m *mutator) named(want string) []byte {
	return m.data(func(name string, _ elf.SectionType) bool { return name == want })
}

// odd is a number that is likely to be refused, or ought to be.
func (m *mutator) odd(old uint64) uint64 {
	edges := [...]uint64{0, 1, 2, 3, 7, 8, 0x7f, 0xff, 0x100, 0x7fff, 0xff00, 0xfff1, 0xfff2, 0xffff, 0x10000, 1 << 24, 1<<31 - 1, 1 << 31,
		1<<32 - 1, 1 << 32, 1<<63 - 1, 1 << 63, ^uint64(0), uint64(len(m.b)), uint64(len(m.b)) - 1}
	switch m.r.IntN(4) {
	case 0:
		return edges[m.r.IntN(len(edges))]
	case 1:
		return old + uint64(m.r.IntN(33)) - 16
	case 2:
		return old ^ 1<<m.r.IntN(64)
	}
	return uint64(m.r.IntN(64))
}

func (m *mutator) put(b []byte, width int) {
	if len(b) < width {
		return
	}
	switch width {
	case 1:
		b[0] = byte(m.odd(uint64(b[0])))
	case 2:
		m.bo.PutUint16(b, uint16(m.odd(uint64(m.bo.Uint16(b)))))
	case 4:
		m.bo.PutUint32(b, uint32(m.odd(uint64(m.bo.Uint32(b)))))
	case 8:
		m.bo.PutUint64(b, m.odd(m.bo.Uint64(b)))
	}
}

// field is a place and width inside a structure.
type field struct{ at, width int }

func (m *mutator) one(b []byte, fields []field) {
	f := fields[m.r.IntN(len(fields))]
	if len(b) >= f.at {
		m.put(b[f.at:], f.width)
	}
}

// record is a random record of the given size, nil for none.
func (m *mutator) record(b []byte, size int) []byte {
	if len(b) < size {
		return nil
	}
	i := m.r.IntN(len(b) / size)
	return b[i*size : (i+1)*size]
}

func (m *mutator) fileHeader() {
	m.one(m.b, []field{{4, 1}, {16, 2}, {18, 2}, {20, 4}, {40, 8}, {52, 2}, {58, 2}, {60, 2}, {62, 2}})
}

func (m *mutator) sectionHeader() {
	if h := m.header(m.r.IntN(max(m.sections(), 1))); h != nil {
		m.one(h, []field{{0, 4}, {4, 4}, {8, 8}, {16, 8}, {24, 8}, {32, 8}, {40, 4}, {44, 4}, {48, 8}, {56, 8}})
	}
}

// swapSections gives a section another's header but for its name, or all of it:
// two sections then share their bytes.
func (m *mutator) swapSections() {
	n := max(m.sections(), 1)
	a, b := m.header(m.r.IntN(n)), m.header(m.r.IntN(n))
	if a != nil && b != nil {
		copy(a[4*m.r.IntN(2):], b[4*m.r.IntN(2):])
	}
}

func (m *mutator) symbol() {
	tab := m.data(func(_ string, t elf.SectionType) bool { return t == elf.SHT_SYMTAB })
	if s := m.record(tab, symbolBytes); s != nil {
		m.one(s, []field{{0, 4}, {4, 1}, {5, 1}, {6, 2}, {8, 8}, {16, 8}})
	}
}

func (m *mutator) relocation() {
	tab := m.data(func(_ string, t elf.SectionType) bool { return t == elf.SHT_REL || t == elf.SHT_RELA })
	if r := m.record(tab, 16); r != nil {
		m.one(r, []field{{0, 8}, {8, 4}, {12, 4}})
	}
}

func (m *mutator) btfHeader() {
	m.one(m.named(".BTF"), []field{{0, 2}, {2, 1}, {3, 1}, {4, 4}, {8, 4}, {12, 4}, {16, 4}, {20, 4}})
}

// types are the bytes of all BTF types.
func (m *mutator) types() []byte {
	b := m.named(".BTF")
	if len(b) < 24 {
		return nil
	}
	at, size := uint64(m.bo.Uint32(b[4:]))+uint64(m.bo.Uint32(b[8:])), uint64(m.bo.Uint32(b[12:]))
	at = min(at, uint64(len(b)))
	return b[at : at+min(size, uint64(len(b))-at)]
}

// typeAt are the types' bytes and the starts of types in them, as far as they can
// be followed.
func (m *mutator) typeAt() (b []byte, starts []int) {
	b = m.types()
	tails := [...]int{1: 4, 3: 12, 14: 4, 17: 4}
	each := [...]int{4: 12, 5: 12, 6: 8, 13: 8, 15: 12, 19: 12}
	for at := 0; at+12 <= len(b); {
		starts = append(starts, at)
		info := m.bo.Uint32(b[at+4:])
		kind, vlen := int(info>>24&31), int(info&0xffff)
		at += 12
		if kind < len(tails) {
			at += tails[kind]
		}
		if kind < len(each) {
			at += each[kind] * vlen
		}
	}
	return b, starts
}

func (m *mutator) btfType() {
	if b, starts := m.typeAt(); len(starts) > 0 {
		m.one(b[starts[m.r.IntN(len(starts))]:], []field{{0, 4}, {4, 2}, {7, 1}, {8, 4}, {12, 4}, {16, 4}, {20, 4}})
	}
}

// btfCycle makes a type refer to itself, to one before or to one behind it.
func (m *mutator) btfCycle() {
	all, starts := m.typeAt()
	if len(starts) == 0 {
		return
	}
	i := m.r.IntN(len(starts))
	to := uint32(i + 1)
	if m.r.IntN(2) == 0 {
		to = uint32(m.r.IntN(len(starts)) + 1)
	}
	b := all[starts[i]+8:]
	if at := 4 * m.r.IntN(4); at+4 <= len(b) { // the type's own reference, or those of its members
		m.bo.PutUint32(b[at:], to)
	}
}

func (m *mutator) btfWord() { m.put(m.record(m.named(".BTF"), 4), 4) }
func (m *mutator) extWord() { m.put(m.record(m.named(".BTF.ext"), 4), 4) }

// contents changes the bytes that definitions and values are read from.
func (m *mutator) contents() {
	b := m.data(func(name string, t elf.SectionType) bool {
		return t == elf.SHT_PROGBITS && len(name) > 0 && name != ".BTF" && name != ".BTF.ext"
	})
	m.put(m.record(b, 4), 4)
}

func (m *mutator) instruction() {
	b := m.data(func(_ string, t elf.SectionType) bool { return t == elf.SHT_PROGBITS })
	if insn := m.record(b, 8); insn != nil {
		m.one(insn, []field{{0, 1}, {1, 1}, {2, 2}, {4, 4}})
	}
}

// weapons are bytes that do harm in names.
const weapons = "/\x00\n.\x1b\xff\\%:\"'= \x7f\r"

func (m *mutator) name() {
	m.arm(m.data(func(_ string, t elf.SectionType) bool { return t == elf.SHT_STRTAB }))
}

func (m *mutator) btfName() {
	if b := m.named(".BTF"); len(b) >= 24 {
		at := uint64(m.bo.Uint32(b[4:])) + uint64(m.bo.Uint32(b[16:]))
		m.arm(b[min(at, uint64(len(b))):])
	}
}

// arm puts a weapon into a string, or two dots and a slash.
func (m *mutator) arm(b []byte) {
	if len(b) < 4 {
		return
	}
	at := 1 + m.r.IntN(len(b)-3)
	if m.r.IntN(8) == 0 {
		copy(b[at:], "../")
		return
	}
	b[at] = weapons[m.r.IntN(len(weapons))]
}

func (m *mutator) bits() {
	for range 1 + m.r.IntN(8) {
		if len(m.b) > 0 {
			m.b[m.r.IntN(len(m.b))] ^= 1 << m.r.IntN(8)
		}
	}
}

func (m *mutator) cut() {
	if len(m.b) > 0 && m.r.IntN(4) == 0 {
		m.b = m.b[:m.r.IntN(len(m.b))]
	}
}
