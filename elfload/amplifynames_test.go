package elfload_test

import (
	"debug/elf"
	"encoding/binary"
	"strings"

	"github.com/bpfload/bpfload/internal/elftest"
)

// longNames gives n maps names that are the ends of one string.
func longNames(n, long int, legacy bool) []byte {
	var o *elftest.Object
	tail := strings.Repeat("n", long)
	if legacy {
		defs := make([]elftest.LegacyMap, n)
		for i := range defs {
			defs[i] = elftest.LegacyMap{Name: short(i), Words: []uint32{2, 4, 4, 1, 0}}
		}
		o = elftest.Legacy(little, "maps", defs...)
	} else {
		m := elftest.NewMaps(little)
		def := m.Def("", m.Uint("type", 2), m.Uint("key_size", 4), m.Uint("value_size", 8), m.Uint("max_entries", 1))
		for i := range n {
			m.MapOf(short(i), def, 32)
		}
		o = m.Object()
	}
	o.Symbols = append(o.Symbols, elftest.Global(tail, "", 0, 0))
	o.Symbols[len(o.Symbols)-1].Index = elf.SHN_ABS
	return endNames(o.Bytes(), tail, n)
}

// endNames lets the first n symbols of the table (but the null one) have the ends of tail as names.
func endNames(raw []byte, tail string, n int) []byte {
	at := strings.Index(string(raw), "\x00"+tail) + 1
	shnum := int(binary.LittleEndian.Uint16(raw[60:]))
	var symtab, strtab []byte
	for i := range shnum {
		h := sectionHeader(raw, i)
		if elf.SectionType(binary.LittleEndian.Uint32(h[4:])) == elf.SHT_SYMTAB {
			symtab, strtab = h, sectionHeader(raw, int(binary.LittleEndian.Uint32(h[40:])))
		}
	}
	off := at - int(binary.LittleEndian.Uint64(strtab[24:]))
	sym := raw[binary.LittleEndian.Uint64(symtab[24:]):]
	for i := 1; i <= n; i++ {
		binary.LittleEndian.PutUint32(sym[24*i:], uint32(off+i))
	}
	return raw
}

// endTypeNames lets types of a kind have the ends of tail as names.
func endTypeNames(raw []byte, tail string, kind uint32, n int) []byte {
	for i := range int(binary.LittleEndian.Uint16(raw[60:])) {
		h := sectionHeader(raw, i)
		b := raw[binary.LittleEndian.Uint64(h[24:]):][:binary.LittleEndian.Uint64(h[32:])]
		if len(b) < 24 || binary.LittleEndian.Uint16(b) != 0xeb9f || elf.SectionType(binary.LittleEndian.Uint32(h[4:])) != elf.SHT_PROGBITS {
			continue
		}
		types, strs := b[24:][:binary.LittleEndian.Uint32(b[12:])], b[24+binary.LittleEndian.Uint32(b[16:]):]
		off := strings.Index(string(strs), "\x00"+tail) + 1
		if off == 0 {
			panic("no tail")
		}
		tails := [...]int{1: 4, 3: 12, 14: 4, 17: 4, 31: 0}
		each := [...]int{4: 12, 5: 12, 6: 8, 13: 8, 15: 12, 19: 12, 31: 0}
		done := 0
		for at := 0; at+12 <= len(types); {
			info := binary.LittleEndian.Uint32(types[at+4:])
			k := info >> 24 & 31
			if k == kind && done < n {
				done++
				binary.LittleEndian.PutUint32(types[at:], uint32(off+done))
			}
			at += 12 + tails[k] + each[k]*int(info&0xffff)
		}
		return raw
	}
	panic("no .BTF")
}

// longVars has n maps whose names share their bytes in both tables.
func longVars(n, long int) []byte {
	m := elftest.NewMaps(little)
	def := m.Def("", m.Uint("type", 2), m.Uint("key_size", 4), m.Uint("value_size", 8), m.Uint("max_entries", 1))
	for i := range n {
		m.MapOf(short(i), def, 32)
	}
	tail := strings.Repeat("n", long)
	m.String(tail)
	o := m.Object()
	o.Symbols = append(o.Symbols, elftest.Global(tail, "", 0, 0))
	o.Symbols[len(o.Symbols)-1].Index = elf.SHN_ABS
	return endTypeNames(endNames(o.Bytes(), tail, n), tail, 14, n)
}

// longTypedefs has n typedefs with long names that share their bytes, in two tables.
func longTypedefs(n, long int) []byte {
	m := elftest.NewMaps(little)
	members := make([]elftest.Member, n)
	for i := range n {
		members[i] = elftest.Member{Name: "m" + short(i), Type: m.Typedef(short(i), m.Int32), BitOffset: uint32(32 * i)}
	}
	v := m.Struct("wide", uint32(4*n), members...)
	m.String(strings.Repeat("n", long))
	m.Map("m", m.Uint("type", 2), m.Uint("key_size", 4), m.Type("value", v), m.Uint("max_entries", 1))
	return endTypeNames(m.Object().Bytes(), strings.Repeat("n", long), 8, n)
}

// longSections has n sections with the ends of one name.
func longSections(n, long int) []byte {
	o := &elftest.Object{Sections: []elftest.Section{elftest.Data(strings.Repeat("n", long), []byte{1})}}
	for i := range n {
		o.Sections = append(o.Sections, elftest.Data(short(i), []byte{1}))
	}
	raw := o.Bytes()
	name := binary.LittleEndian.Uint32(sectionHeader(raw, 1))
	for i := range n {
		binary.LittleEndian.PutUint32(sectionHeader(raw, 2+i), name+uint32(i))
	}
	return raw
}
