package elftest

import (
	"debug/elf"
	"encoding/binary"
	"math"

	"github.com/bpfload/bpfload/internal/mapdef"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

// Maps builds a .maps section with its BTF, as clang writes it: DATASEC size
// and the offsets of globals are 0, the symbols tell the truth.
//
//	m := elftest.NewMaps(order)
//	m.Map("hash", m.Uint("type", 1), m.Type("key", m.Int32), m.Uint("value_size", 8), m.Uint("max_entries", 4))
//	file := m.Object().File()
type Maps struct {
	*BTF
	// Int32 is "int", Index the index type of arrays.
	Int32, Index ID
	// Vars in section order; a test may edit them until Object is called.
	Vars []*MapVar
	// Sections and Symbols are added to the object after the builder's own, Align
	// is the section's.
	Sections []Section
	Symbols  []Symbol
	Align    uint64
}

// MapVar is one variable of .maps.
type MapVar struct {
	Name         string
	Type         ID     // of the variable
	Offset, Size uint64 // bytes; Offset is from the start of the section
	Values       uint64 // offset of the values member inside the variable
	Linkage      int    // of the VAR
	Bind         elf.SymBind
	Vis          elf.SymVis
	SymType      elf.SymType
	Relocs       []Reloc // Offset is from the start of the variable
	Contents     []byte  // nil: zeros
	NoSymbol     bool
}

// Field is one member of a definition struct.
type Field struct {
	Name  string
	Type  ID
	Size  uint64 // bytes that the member takes in the struct
	Extra uint64 // bytes of a flexible array that the initialiser adds
}

// NewMaps is an empty builder; nil means little endian.
func NewMaps(order binary.ByteOrder) *Maps {
	m := &Maps{BTF: NewBTF(order)}
	m.Int32 = m.Int("int", 4, Signed)
	m.Index = m.Int("__ARRAY_SIZE_TYPE__", 4, Unsigned)
	return m
}

// Uint is __uint(name, n).
func (m *Maps) Uint(name string, n uint32) Field {
	return Field{Name: name, Type: m.Ptr(m.Array(m.Int32, m.Index, n)), Size: 8}
}

// Ulong is __ulong(name, n): an enum with that one value.
func (m *Maps) Ulong(name string, n uint64) Field {
	e := Enumerator{"__unique_" + name, n}
	if n > math.MaxUint32 {
		return Field{Name: name, Type: m.Enum64("", 8, false, e), Size: 8}
	}
	return Field{Name: name, Type: m.Enum("", 4, false, e), Size: 8}
}

// Type is __type(name, id): a pointer to id.
func (m *Maps) Type(name string, id ID) Field {
	return Field{Name: name, Type: m.Ptr(id), Size: 8}
}

// Values is __array(values, id) with n initialised slots; id is the inner
// definition (Def) or a FUNC_PROTO.
func (m *Maps) Values(id ID, n int) Field {
	return Field{Name: "values", Type: m.Array(m.Ptr(id), m.Index, 0), Extra: 8 * uint64(n)}
}

// Raw is a member of any type.
func (m *Maps) Raw(name string, id ID, size uint64) Field {
	return Field{Name: name, Type: id, Size: size}
}

// Def is the struct of those members, without a variable.
func (m *Maps) Def(name string, fields ...Field) ID {
	var members []Member
	size := uint64(0)
	for _, f := range fields {
		members = append(members, Member{Name: f.Name, Type: f.Type, BitOffset: uint32(8 * size)})
		size += f.Size
	}
	return m.Struct(name, uint32(size), members...)
}

// Map adds a global variable of an anonymous struct, after the last one.
func (m *Maps) Map(name string, fields ...Field) *MapVar {
	v := m.MapOf(name, m.Def("", fields...), 0)
	v.Size = 0
	for _, f := range fields {
		if f.Name == "values" {
			v.Values = v.Size
		}
		v.Size += f.Size + f.Extra
	}
	return v
}

// MapOf adds a global variable of any type and size.
func (m *Maps) MapOf(name string, id ID, size uint64) *MapVar {
	v := &MapVar{Name: name, Type: id, Size: size, Linkage: rawbtf.LinkGlobal, Bind: elf.STB_GLOBAL, SymType: elf.STT_OBJECT}
	if n := len(m.Vars); n > 0 {
		v.Offset = m.Vars[n-1].Offset + m.Vars[n-1].Size
	}
	m.Vars = append(m.Vars, v)
	return v
}

// Slot initialises values[slot] with a symbol.
func (v *MapVar) Slot(slot int, symbol string) *MapVar {
	v.Relocs = append(v.Relocs, Reloc{Offset: v.Values + 8*uint64(slot), Type: mapdef.R_BPF_64_ABS64, Symbol: symbol})
	return v
}

// Object is the object: .maps (index 1), further sections, .BTF. Call it once.
func (m *Maps) Object() *Object {
	o := &Object{Order: m.Order}
	maps := Data(".maps", nil)
	maps.Align = m.Align
	var infos []SecInfo
	for _, v := range m.Vars {
		if end := v.Offset + v.Size; end > uint64(len(maps.Data)) {
			maps.Data = append(maps.Data, make([]byte, end-uint64(len(maps.Data)))...)
		}
		copy(maps.Data[v.Offset:], v.Contents)
		for _, r := range v.Relocs {
			r.Offset += v.Offset
			maps.Relocs = append(maps.Relocs, r)
		}
		info := SecInfo{Var: m.Var(v.Name, v.Type, v.Linkage), Size: uint32(v.Size)}
		if v.Linkage == rawbtf.LinkStatic {
			info.Offset = uint32(v.Offset)
		}
		infos = append(infos, info)
		if !v.NoSymbol {
			o.Symbols = append(o.Symbols, Symbol{Name: v.Name, Section: ".maps", Value: v.Offset, Size: v.Size,
				Bind: v.Bind, Type: v.SymType, Vis: v.Vis})
		}
	}
	if len(infos) > 0 {
		m.Datasec(".maps", 0, infos...)
	}
	o.Sections = append(append([]Section{maps}, m.Sections...), m.Section())
	o.Symbols = append(o.Symbols, m.Symbols...)
	return o
}

// LegacyMap is one definition of 32-bit words: type, key size, value size,
// entries, flags, and what the dialect adds.
type LegacyMap struct {
	Name  string
	Words []uint32
	// Bind is STB_LOCAL (0) only with Static, else STB_GLOBAL; Untyped gives the
	// symbol type NOTYPE and size 0, as clang up to 7 does.
	Static, Weak, Untyped bool
	Bytes                 []byte // instead of Words
	Aliases               []string
}

// Legacy is an object whose section holds the definitions one after the other.
func Legacy(order binary.ByteOrder, section string, defs ...LegacyMap) *Object {
	o := &Object{Order: order}
	var data []byte
	for _, d := range defs {
		off := uint64(len(data))
		data = append(data, d.Bytes...)
		for _, w := range d.Words {
			data = put32(o.order(), data, w)
		}
		for _, name := range append([]string{d.Name}, d.Aliases...) {
			s := Global(name, section, off, uint64(len(data))-off)
			switch {
			case d.Static:
				s.Bind = elf.STB_LOCAL
			case d.Weak:
				s.Bind = elf.STB_WEAK
			}
			if d.Untyped {
				s.Type, s.Size = elf.STT_NOTYPE, 0
			}
			o.Symbols = append(o.Symbols, s)
		}
	}
	s := Data(section, data)
	s.Align = 4
	o.Sections = []Section{s}
	return o
}
