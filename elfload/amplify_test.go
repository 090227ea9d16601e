package elfload_test

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/mapdef"
)

// sectionHeader is the header of a section in an object of package elftest, little endian.
func sectionHeader(raw []byte, i int) []byte {
	return raw[binary.LittleEndian.Uint64(raw[40:])+uint64(64*i):][:64]
}

// overlap makes sections from..to have the bytes of section of.
func overlap(raw []byte, of, from, to int) []byte {
	src := sectionHeader(raw, of)
	for i := from; i <= to; i++ {
		copy(sectionHeader(raw, i)[24:40], src[24:40]) // sh_offset, sh_size
	}
	return raw
}

// tinyLegacy has n legacy definitions of so many words each.
func tinyLegacy(n, words int) []byte {
	defs := make([]elftest.LegacyMap, n)
	for i := range defs {
		defs[i] = elftest.LegacyMap{Name: short(i), Words: []uint32{2, 4, 4, 1, 0}[:words]}
	}
	return elftest.Legacy(little, "maps", defs...).Bytes()
}

func short(i int) string { return fmt.Sprintf("%x", i) }

// overlappingData has n data sections of the same size bytes.
func overlappingData(n, size int, name string) []byte {
	o := &elftest.Object{}
	for i := range n {
		s := elftest.Data(fmt.Sprintf("%s.%x", name, i), nil)
		if i == 0 {
			s.Data = make([]byte, size)
			for j := range s.Data {
				s.Data[j] = byte(j)
			}
		}
		o.Sections = append(o.Sections, s)
		o.Symbols = append(o.Symbols, elftest.Global(fmt.Sprintf("v%x", i), s.Name, 0, 8))
	}
	return overlap(o.Bytes(), 1, 2, n)
}

func overlappingCode(n, size int) []byte {
	o := &elftest.Object{}
	for i := range n {
		s := elftest.Exec(fmt.Sprintf("xdp/%x", i))
		if i == 0 {
			s.Data = longCode(size)
		}
		o.Sections = append(o.Sections, s)
		o.Symbols = append(o.Symbols, elftest.Func(fmt.Sprintf("p%x", i), s.Name, 0, uint64(8*size+8)))
	}
	return overlap(o.Bytes(), 1, 2, n)
}

// overlappingRelocs has n relocation tables of the same bytes.
func overlappingRelocs(n, size int, data string) []byte {
	o := &elftest.Object{}
	for i := range n {
		s := elftest.Data(fmt.Sprintf("%s.%x", data, i), make([]byte, 16))
		s.Relocs = []elftest.Reloc{}
		if i == 0 {
			s.Relocs = make([]elftest.Reloc, size)
			for j := range s.Relocs {
				s.Relocs[j] = elftest.Reloc{Type: mapdef.R_BPF_64_ABS64, Sym: 1}
			}
		}
		o.Sections = append(o.Sections, s)
		o.Symbols = append(o.Symbols, elftest.Global(fmt.Sprintf("v%x", i), s.Name, 0, 8))
	}
	return overlap(o.Bytes(), n+1, n+2, 2*n)
}

// chain has n maps whose values are typedefs of typedefs, as many.
func chain(n, maps int) []byte {
	m := elftest.NewMaps(little)
	at := m.Int32
	for i := range n {
		at = m.Typedef("t"+short(i), at)
	}
	def := m.Def("", m.Uint("type", 2), m.Uint("key_size", 4), m.Type("value", at), m.Uint("max_entries", 1))
	for i := range maps {
		m.MapOf(short(i), def, 32)
	}
	return m.Object().Bytes()
}

// nested has structures in structures, with two members each of the one before.
func nested(n int, maps int) []byte {
	m := elftest.NewMaps(little)
	at := m.Struct("s", 0)
	for i := range n {
		at = m.Struct("s"+short(i), 0, elftest.Member{Name: "a", Type: at}, elftest.Member{Name: "b", Type: at})
	}
	one := m.Struct("v", 8, elftest.Member{Name: "a", Type: at}, elftest.Member{Name: "b", Type: at}, elftest.Member{Name: "c", Type: m.Int32})
	def := m.Def("", m.Uint("type", 2), m.Uint("key_size", 4), m.Type("value", one), m.Uint("max_entries", 1))
	for i := range maps {
		m.MapOf(short(i), def, 32)
	}
	return m.Object().Bytes()
}

// wide has one structure of n members as the value of so many maps.
func wide(n, maps int) []byte {
	m := elftest.NewMaps(little)
	members := make([]elftest.Member, n)
	for i := range members {
		members[i] = elftest.Member{Name: "m" + short(i), Type: m.Int32, BitOffset: uint32(32 * i)}
	}
	v := m.Struct("wide", uint32(4*n), members...)
	def := m.Def("", m.Uint("type", 2), m.Uint("key_size", 4), m.Type("value", v), m.Uint("max_entries", 1))
	for i := range maps {
		m.MapOf(short(i), def, 32)
	}
	return m.Object().Bytes()
}

// manyPrograms has n programs in sections of their own, or in one; each refers to one map.
func manyPrograms(n int, one bool) []byte {
	m := elftest.NewMaps(little)
	m.Map("map", m.Uint("type", 2), m.Uint("key_size", 4), m.Uint("value_size", 8), m.Uint("max_entries", 1))
	code := append(elftest.LdImm64(little, 1, 0, 0), elftest.Exit(little)...)
	if one {
		s := elftest.Exec("xdp")
		for i := range n {
			s.Relocs = append(s.Relocs, elftest.Reloc{Offset: uint64(len(s.Data)), Type: mapdef.R_BPF_64_64, Symbol: "map"})
			m.Symbols = append(m.Symbols, elftest.Func("p"+short(i), "xdp", uint64(len(s.Data)), uint64(len(code))))
			s.Data = append(s.Data, code...)
		}
		m.Sections = append(m.Sections, s)
		return m.Object().Bytes()
	}
	for i := range n {
		s := elftest.Exec("xdp/"+short(i), code)
		s.Relocs = []elftest.Reloc{{Type: mapdef.R_BPF_64_64, Symbol: "map"}}
		m.Sections = append(m.Sections, s)
		m.Symbols = append(m.Symbols, elftest.Func("p"+short(i), s.Name, 0, uint64(len(code))))
	}
	return m.Object().Bytes()
}

// callChain has n functions each of which calls the next, and so many programs that call the first.
func callChain(n, programs int) []byte {
	o := &elftest.Object{}
	text, xdp := elftest.Exec(".text"), elftest.Exec("xdp")
	for i := range n {
		o.Symbols = append(o.Symbols, elftest.Func("f"+short(i), ".text", uint64(16*i), 16))
		if i < n-1 {
			text.Data = append(text.Data, elftest.Insn(little, 0x85, 0, 1, 0, 1)...)
		} else {
			text.Data = append(text.Data, elftest.Mov(little, 0, 0)...)
		}
		text.Data = append(text.Data, elftest.Exit(little)...)
	}
	for i := range programs {
		off := uint64(16 * i)
		xdp.Relocs = append(xdp.Relocs, elftest.Reloc{Offset: off, Type: mapdef.R_BPF_64_32, Symbol: "f0"})
		xdp.Data = append(append(xdp.Data, elftest.Insn(little, 0x85, 0, 1, 0, -1)...), elftest.Exit(little)...)
		o.Symbols = append(o.Symbols, elftest.Func("p"+short(i), "xdp", off, 16))
	}
	o.Sections = []elftest.Section{text, xdp}
	return o.Bytes()
}

// sameNames has n static variables of one name, and as many references to their section.
func sameNames(n int) []byte {
	o := &elftest.Object{}
	data, xdp := elftest.Data(".data", make([]byte, 8*n)), elftest.Exec("xdp")
	o.Symbols = append(o.Symbols, elftest.SectionSymbol(".data"))
	for i := range n {
		o.Symbols = append(o.Symbols, elftest.Local("same", ".data", uint64(8*i), 8))
		xdp.Relocs = append(xdp.Relocs, elftest.Reloc{Offset: uint64(16 * i), Type: mapdef.R_BPF_64_64, Symbol: ".data"})
		xdp.Data = append(xdp.Data, elftest.LdImm64(little, 1, 0, uint64(8*i))...)
	}
	xdp.Data = append(xdp.Data, elftest.Exit(little)...)
	o.Symbols = append(o.Symbols, elftest.Func("p", "xdp", 0, uint64(len(xdp.Data))))
	o.Sections = []elftest.Section{data, xdp}
	return o.Bytes()
}

// manySections has n data sections of a few bytes.
func manySections(n int, name string) []byte {
	o := &elftest.Object{}
	for i := range n {
		s := elftest.Data(name+short(i), []byte{1, 2, 3, 4})
		o.Sections = append(o.Sections, s)
	}
	return o.Bytes()
}

// emptySections has n data sections of one name.
func emptySections(n int) []byte {
	o := &elftest.Object{}
	for range n {
		o.Sections = append(o.Sections, elftest.Data(".data", nil))
	}
	return o.Bytes()
}

// progArrays has n program arrays with one slot each.
func progArrays(n int) []byte {
	m := elftest.NewMaps(little)
	xdp := elftest.Exec("xdp", elftest.Mov(little, 0, 0), elftest.Exit(little))
	m.Sections = append(m.Sections, xdp)
	m.Symbols = append(m.Symbols, elftest.Func("p", "xdp", 0, 16))
	for i := range n {
		a := m.Map("a"+short(i), m.Uint("type", 3), m.Uint("key_size", 4), m.Uint("max_entries", 1), m.Values(m.FuncProto(m.Int32), 1))
		a.Slot(0, "p")
	}
	return m.Object().Bytes()
}

// hiddenVars has n hidden variables in so many data sections of one name.
func hiddenVars(n, sections int) []byte {
	b := elftest.NewBTF(little)
	integer := b.Int("int", 4, elftest.Signed)
	o := &elftest.Object{}
	var vars []elftest.SecInfo
	for i := range n {
		vars = append(vars, elftest.SecInfo{Var: b.Var("v"+short(i), integer, 1), Offset: uint32(4 * i), Size: 4})
		g := elftest.Global("v"+short(i), ".data", uint64(4*i), 4)
		g.Vis = elf.STV_HIDDEN
		o.Symbols = append(o.Symbols, g)
	}
	b.Datasec(".data", uint32(4*n), vars...)
	o.Sections = append(o.Sections, elftest.Data(".data", make([]byte, 4*n)))
	for range sections - 1 {
		o.Sections = append(o.Sections, elftest.Data(".data", []byte{1, 2, 3, 4}))
	}
	o.Sections = append(o.Sections, b.Section())
	return o.Bytes()
}

// gaps has n definitions, each followed by one without a symbol, and as many
// references to what stands behind.
func gaps(n int) []byte {
	o := elftest.Legacy(little, "maps")
	xdp, data := elftest.Exec("xdp"), []byte(nil)
	for i := range n {
		o.Symbols = append(o.Symbols, elftest.Global(short(i), "maps", uint64(len(data)), 20))
		for range 2 {
			for _, w := range []uint32{2, 4, 4, 1, 0} {
				data = little.AppendUint32(data, w)
			}
		}
		xdp.Relocs = append(xdp.Relocs, elftest.Reloc{Offset: uint64(16 * i), Type: mapdef.R_BPF_64_64, Symbol: "0"})
		xdp.Data = append(xdp.Data, elftest.LdImm64(little, 1, 0, uint64(40*(i/2)))...)
	}
	xdp.Data = append(xdp.Data, elftest.Exit(little)...)
	o.Section("maps").Data = data
	o.Sections = append(o.Sections, xdp)
	o.Symbols = append(o.Symbols, elftest.Func("p", "xdp", 0, uint64(len(xdp.Data))))
	return o.Bytes()
}

// unnamed has n definitions of which only the first has a symbol, in a section with a
// name of that length.
func unnamed(n, long int) []byte {
	section := "maps/" + strings.Repeat("n", long)
	o := elftest.Legacy(little, section, elftest.LegacyMap{Name: "first", Words: []uint32{2, 4, 4, 1, 0}})
	xdp := elftest.Exec("xdp")
	def := o.Section(section).Data
	for i := range n {
		o.Section(section).Data = append(o.Section(section).Data, def[:20]...)
		xdp.Relocs = append(xdp.Relocs, elftest.Reloc{Offset: uint64(16 * i), Type: mapdef.R_BPF_64_64, Sym: 1})
		xdp.Data = append(xdp.Data, elftest.LdImm64(little, 1, 0, uint64(20*(i+1)))...)
	}
	for i := range o.Symbols {
		o.Symbols[i].Size = 0
	}
	xdp.Data = append(xdp.Data, elftest.Exit(little)...)
	o.Sections = append(o.Sections, xdp)
	o.Symbols = append(o.Symbols, elftest.Func("p", "xdp", 0, uint64(len(xdp.Data))))
	return o.Bytes()
}

// pinPaths has n definitions of goebpf whose pin paths are the ends of one text.
func pinPaths(n, long int) []byte {
	words := make([]uint32, 10)
	copy(words, []uint32{2, 4, 4, 1, 0})
	defs := make([]elftest.LegacyMap, n)
	for i := range defs {
		defs[i] = elftest.LegacyMap{Name: short(i), Words: words}
	}
	o := elftest.Legacy(little, "maps", defs...)
	o.Sections = append(o.Sections, elftest.Section{Name: ".rodata.str1.1", Data: append(bytes.Repeat([]byte("/n"), long/2), 0)})
	o.Symbols = append(o.Symbols, elftest.SectionSymbol(".rodata.str1.1"))
	s := o.Section("maps")
	for i := range n {
		little.PutUint32(s.Data[40*i+32:], uint32(2*i))
		s.Relocs = append(s.Relocs, elftest.Reloc{Offset: uint64(40*i + 32), Type: mapdef.R_BPF_64_ABS64, Sym: n + 1})
	}
	return o.Bytes()
}

// relocatedTypes has n CO-RE relocations of one long access string, and as many lines.
func relocatedTypes(n int) []byte {
	b := elftest.NewBTF(little)
	integer := b.Int("int", 4, elftest.Signed)
	at := b.Struct("s", 4, elftest.Member{Name: "a", Type: integer})
	access := "0:0" + strings.Repeat(":0", 1000)
	sec := elftest.ExtSection{Section: "xdp"}
	xdp := elftest.Exec("xdp")
	for i := range n {
		xdp.Data = append(xdp.Data, elftest.Mov(little, 1, 0)...)
		sec.CORE = append(sec.CORE, elftest.CORERelo{Off: uint32(8 * i), Type: at, Access: access})
		sec.Lines = append(sec.Lines, elftest.LineInfo{Off: uint32(8 * i), File: "f", Text: access, Line: 1})
	}
	xdp.Data = append(xdp.Data, elftest.Exit(little)...)
	proto := b.Func("p", b.FuncProto(integer), 1)
	sec.Funcs = []elftest.FuncInfo{{Off: 0, Type: proto}}
	ext := b.Ext(sec)
	o := &elftest.Object{Sections: []elftest.Section{xdp, b.Section(), ext}, Symbols: []elftest.Symbol{elftest.Func("p", "xdp", 0, uint64(len(xdp.Data)))}}
	return o.Bytes()
}
