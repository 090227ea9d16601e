package elftest

import (
	"encoding/binary"

	"github.com/bpfload/bpfload/internal/rawbtf"
)

// ID is a type id; 0 is void.
type ID = rawbtf.ID

// Encodings of Int.
const (
	Unsigned = 0
	Signed   = rawbtf.IntSigned
	Char     = rawbtf.IntChar
	Bool     = rawbtf.IntBool
)

// BTF builds a .BTF section, one type after the other; each call gives the id
// of the type that it adds. Ids may be used before their type exists.
type BTF struct {
	Order binary.ByteOrder
	types []byte
	strs  *stringTable
	next  ID
	// firstStr is where the strings of split BTF begin.
	firstStr uint32
}

// NewBTF is an empty section; nil means little endian.
func NewBTF(order binary.ByteOrder) *BTF {
	if order == nil {
		order = binary.LittleEndian
	}
	return &BTF{Order: order, strs: newStrings(), next: 1}
}

// Next is the id that the next type will get.
func (b *BTF) Next() ID { return b.next }

// Split is an empty section that goes on where b ends, as a kernel module's
// does; b must not grow any more. Parse it with rawbtf.ParseSplit.
func (b *BTF) Split() *BTF {
	return &BTF{Order: b.Order, strs: newStrings(), next: b.next, firstStr: b.firstStr + uint32(len(b.strs.bytes))}
}

// String is the offset of s in the string section.
func (b *BTF) String(s string) uint32 {
	if s == "" {
		return 0
	}
	return b.firstStr + b.strs.add(s)
}

// Raw adds a record as it is: name offset, kind with its flag and vlen, the
// third word, and whatever follows.
func (b *BTF) Raw(nameOff uint32, kind rawbtf.Kind, flag bool, vlen int, sizeType uint32, rest ...uint32) ID {
	info := uint32(kind)<<24 | uint32(vlen)&0xffff
	if flag {
		info |= 1 << 31
	}
	for _, w := range append([]uint32{nameOff, info, sizeType}, rest...) {
		b.types = put32(b.Order, b.types, w)
	}
	b.next++
	return b.next - 1
}

func (b *BTF) ref(name string, kind rawbtf.Kind, id ID) ID {
	return b.Raw(b.String(name), kind, false, 0, id)
}

// Int of size bytes; encoding is Unsigned, Signed, Char, Bool.
func (b *BTF) Int(name string, size uint32, encoding uint32) ID {
	return b.Raw(b.String(name), rawbtf.Int, false, 0, size, encoding<<24|size*8)
}

// Float of size bytes.
func (b *BTF) Float(name string, size uint32) ID {
	return b.Raw(b.String(name), rawbtf.Float, false, 0, size)
}

// Ptr points to id.
func (b *BTF) Ptr(id ID) ID { return b.ref("", rawbtf.Ptr, id) }

// Const, Volatile, Restrict qualify id.
func (b *BTF) Const(id ID) ID    { return b.ref("", rawbtf.Const, id) }
func (b *BTF) Volatile(id ID) ID { return b.ref("", rawbtf.Volatile, id) }
func (b *BTF) Restrict(id ID) ID { return b.ref("", rawbtf.Restrict, id) }

// Typedef names id.
func (b *BTF) Typedef(name string, id ID) ID { return b.ref(name, rawbtf.Typedef, id) }

// TypeTag tags id.
func (b *BTF) TypeTag(tag string, id ID) ID { return b.ref(tag, rawbtf.TypeTag, id) }

// DeclTag tags id, or with component >= 0 its member or parameter.
func (b *BTF) DeclTag(tag string, id ID, component int) ID {
	return b.Raw(b.String(tag), rawbtf.DeclTag, false, 0, id, uint32(component))
}

// Array of n elements.
func (b *BTF) Array(elem, index ID, n uint32) ID {
	return b.Raw(0, rawbtf.Array, false, 0, 0, elem, index, n)
}

// Fwd is a forward declaration.
func (b *BTF) Fwd(name string, union bool) ID {
	return b.Raw(b.String(name), rawbtf.Fwd, union, 0, 0)
}

// Member of a Struct or Union. Offsets are in bits; BitSize is 0 for whole fields.
type Member struct {
	Name      string
	Type      ID
	BitOffset uint32
	BitSize   uint32
}

// Struct of size bytes.
func (b *BTF) Struct(name string, size uint32, members ...Member) ID {
	return b.composite(rawbtf.Struct, name, size, members)
}

// Union of size bytes.
func (b *BTF) Union(name string, size uint32, members ...Member) ID {
	return b.composite(rawbtf.Union, name, size, members)
}

func (b *BTF) composite(kind rawbtf.Kind, name string, size uint32, members []Member) ID {
	flag := false
	for _, m := range members {
		flag = flag || m.BitSize != 0
	}
	var rest []uint32
	for _, m := range members {
		off := m.BitOffset
		if flag {
			off |= m.BitSize << 24
		}
		rest = append(rest, b.String(m.Name), m.Type, off)
	}
	return b.Raw(b.String(name), kind, flag, len(members), size, rest...)
}

// Enumerator of an Enum or Enum64.
type Enumerator struct {
	Name  string
	Value uint64
}

// Enum writes the low 32 bits of each value.
func (b *BTF) Enum(name string, size uint32, signed bool, values ...Enumerator) ID {
	var rest []uint32
	for _, v := range values {
		rest = append(rest, b.String(v.Name), uint32(v.Value))
	}
	return b.Raw(b.String(name), rawbtf.Enum, signed, len(values), size, rest...)
}

// Enum64 writes whole values.
func (b *BTF) Enum64(name string, size uint32, signed bool, values ...Enumerator) ID {
	var rest []uint32
	for _, v := range values {
		rest = append(rest, b.String(v.Name), uint32(v.Value), uint32(v.Value>>32))
	}
	return b.Raw(b.String(name), rawbtf.Enum64, signed, len(values), size, rest...)
}

// Param of a FuncProto.
type Param struct {
	Name string
	Type ID
}

// FuncProto is a function's type.
func (b *BTF) FuncProto(result ID, params ...Param) ID {
	var rest []uint32
	for _, p := range params {
		rest = append(rest, b.String(p.Name), p.Type)
	}
	return b.Raw(0, rawbtf.FuncProto, false, len(params), result, rest...)
}

// Func of a FuncProto; linkage is rawbtf.LinkStatic, LinkGlobal, LinkExtern.
func (b *BTF) Func(name string, proto ID, linkage int) ID {
	return b.Raw(b.String(name), rawbtf.Func, false, linkage, proto)
}

// Var is a variable.
func (b *BTF) Var(name string, id ID, linkage int) ID {
	return b.Raw(b.String(name), rawbtf.Var, false, 0, id, uint32(linkage))
}

// SecInfo is one variable of a Datasec, offset and size in bytes.
type SecInfo struct {
	Var          ID
	Offset, Size uint32
}

// Datasec is a section; clang writes size 0 and leaves offsets of globals 0.
func (b *BTF) Datasec(name string, size uint32, vars ...SecInfo) ID {
	var rest []uint32
	for _, v := range vars {
		rest = append(rest, v.Var, v.Offset, v.Size)
	}
	return b.Raw(b.String(name), rawbtf.Datasec, false, len(vars), size, rest...)
}

// Bytes is the .BTF section so far.
func (b *BTF) Bytes() []byte {
	out := put16(b.Order, nil, 0xeb9f)
	out = append(out, 1, 0)
	types, strs := uint32(len(b.types)), uint32(len(b.strs.bytes))
	for _, w := range []uint32{24, 0, types, types, strs} {
		out = put32(b.Order, out, w)
	}
	out = append(out, b.types...)
	return append(out, b.strs.bytes...)
}

// Table is the section as the product reads it.
func (b *BTF) Table() *rawbtf.Table {
	t, err := rawbtf.Parse(b.Bytes(), b.Order)
	if err != nil {
		panic("elftest: " + err.Error())
	}
	return t
}

// Section is the .BTF section for an Object.
func (b *BTF) Section() Section { return Section{Name: ".BTF", Data: b.Bytes(), Align: 4} }
