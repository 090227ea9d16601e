package rawbtf

import "encoding/binary"

// Type is a view of one record.
type Type struct {
	t        *Table
	ID       ID
	Kind     Kind
	KindFlag bool
	Vlen     int // how many members, parameters, enumerators, variables
	nameOff  uint32
	off      uint32 // of the record, in the type section
	sizeType uint32
}

// word is order.Uint32 without the dynamic call: most of the work of reading
// BTF is reading words.
func (t *Table) word(b []byte) uint32 {
	if t.big {
		return binary.BigEndian.Uint32(b)
	}
	return binary.LittleEndian.Uint32(b)
}

func (t *Table) at(id ID, off uint32) Type {
	b := t.types[off:]
	info := t.word(b[4:])
	return Type{
		t: t, ID: id, Kind: Kind(info >> 24 & 0x1f), KindFlag: info>>31 != 0, Vlen: int(info & 0xffff),
		nameOff: t.word(b), off: off, sizeType: t.word(b[8:]),
	}
}

// extra is the length in bytes of what follows the common part of a record.
func (ty Type) extra() uint64 {
	n := uint64(ty.Vlen)
	switch ty.Kind {
	case Int, Var, DeclTag:
		return 4
	case Array:
		return 12
	case Struct, Union, Datasec, Enum64:
		return 12 * n
	case Enum, FuncProto:
		return 8 * n
	}
	return 0
}

// Name is the type's name, "" for an anonymous one.
func (ty Type) Name() string {
	if ty.Kind == Void {
		return ""
	}
	s, _ := ty.t.String(ty.nameOff)
	return s
}

// NameIs compares without allocating.
func (ty Type) NameIs(name string) bool {
	if ty.Kind == Void {
		return name == ""
	}
	return ty.t.nameIs(ty.nameOff, name)
}

func (t *Table) nameIs(off uint32, name string) bool {
	for off < t.firstStr {
		t = t.base
	}
	s := t.strs[off-t.firstStr:]
	return len(s) > len(name) && string(s[:len(name)]) == name && s[len(name)] == 0
}

// Ref is the id that PTR, TYPEDEF, CONST, VOLATILE, RESTRICT, TYPE_TAG, FUNC,
// FUNC_PROTO (its result), VAR and DECL_TAG refer to, 0 for other kinds.
func (ty Type) Ref() ID {
	switch ty.Kind {
	case Ptr, Typedef, Const, Volatile, Restrict, TypeTag, Func, FuncProto, Var, DeclTag:
		return ty.sizeType
	}
	return 0
}

// Size is the record's own size field in bytes: INT, STRUCT, UNION, ENUM,
// ENUM64, FLOAT and DATASEC have one, others give 0.
func (ty Type) Size() uint32 {
	switch ty.Kind {
	case Int, Struct, Union, Enum, Enum64, Float, Datasec:
		return ty.sizeType
	}
	return 0
}

func (ty Type) u32(off uint32) uint32 { return ty.t.word(ty.t.types[ty.off+recordSize+off:]) }

// ArrayInfo is what follows an ARRAY record.
type ArrayInfo struct {
	Elem, Index ID
	Nelems      uint32
}

// Array of an ARRAY, zero for other kinds.
func (ty Type) Array() ArrayInfo {
	if ty.Kind != Array {
		return ArrayInfo{}
	}
	return ArrayInfo{ty.u32(0), ty.u32(4), ty.u32(8)}
}

// Member of a STRUCT or UNION. Offsets are in bits.
type Member struct {
	t         *Table
	nameOff   uint32
	Type      ID
	BitOffset uint32
	BitSize   uint32 // 0 when not a bit field
}

// Name of the member, "" for an anonymous one.
func (m Member) Name() string { s, _ := m.t.String(m.nameOff); return s }

// NameIs compares without allocating.
func (m Member) NameIs(name string) bool { return m.t.nameIs(m.nameOff, name) }

// Member i of a STRUCT or UNION; i must be below Vlen.
func (ty Type) Member(i int) Member {
	if (ty.Kind != Struct && ty.Kind != Union) || i < 0 || i >= ty.Vlen {
		return Member{t: ty.t}
	}
	o := uint32(i) * 12
	m := Member{t: ty.t, nameOff: ty.u32(o), Type: ty.u32(o + 4), BitOffset: ty.u32(o + 8)}
	if ty.KindFlag {
		m.BitSize, m.BitOffset = m.BitOffset>>24, m.BitOffset&0xffffff
	}
	return m
}

// Enumerator of an ENUM or ENUM64. Value is sign-extended where Signed.
type Enumerator struct {
	Name   string
	Value  uint64
	Signed bool
}

// Enumerator i; i must be below Vlen. An ENUM's signedness is its kind flag.
func (ty Type) Enumerator(i int) Enumerator {
	if i < 0 || i >= ty.Vlen {
		return Enumerator{}
	}
	e := Enumerator{Signed: ty.KindFlag}
	switch ty.Kind {
	case Enum:
		o := uint32(i) * 8
		e.Name, _ = ty.t.String(ty.u32(o))
		e.Value = uint64(ty.u32(o + 4))
		if e.Signed {
			e.Value = uint64(int64(int32(e.Value)))
		}
	case Enum64:
		o := uint32(i) * 12
		e.Name, _ = ty.t.String(ty.u32(o))
		e.Value = uint64(ty.u32(o+4)) | uint64(ty.u32(o+8))<<32
	}
	return e
}

// Param of a FUNC_PROTO.
type Param struct {
	Name string
	Type ID
}

// Param i of a FUNC_PROTO; i must be below Vlen.
func (ty Type) Param(i int) Param {
	if ty.Kind != FuncProto || i < 0 || i >= ty.Vlen {
		return Param{}
	}
	s, _ := ty.t.String(ty.u32(uint32(i) * 8))
	return Param{s, ty.u32(uint32(i)*8 + 4)}
}

// Linkage of a VAR or FUNC.
func (ty Type) Linkage() int {
	switch ty.Kind {
	case Var:
		return int(ty.u32(0))
	case Func:
		return ty.Vlen
	}
	return LinkStatic
}

// SecInfo is one variable of a DATASEC: offset and size in bytes.
type SecInfo struct {
	Var          ID
	Offset, Size uint32
}

// SecInfo i of a DATASEC; i must be below Vlen.
func (ty Type) SecInfo(i int) SecInfo {
	if ty.Kind != Datasec || i < 0 || i >= ty.Vlen {
		return SecInfo{}
	}
	o := uint32(i) * 12
	return SecInfo{ty.u32(o), ty.u32(o + 4), ty.u32(o + 8)}
}

// IntInfo describes an INT: encoding bits (1 signed, 2 char, 4 bool), bit offset and width.
type IntInfo struct {
	Encoding, Offset, Bits uint8
}

// Encoding bits of an INT.
const (
	IntSigned = 1
	IntChar   = 2
	IntBool   = 4
)

// Int of an INT, zero for other kinds.
func (ty Type) Int() IntInfo {
	if ty.Kind != Int {
		return IntInfo{}
	}
	v := ty.u32(0)
	return IntInfo{uint8(v >> 24 & 0xf), uint8(v >> 16), uint8(v)}
}

// Component of a DECL_TAG: the index of the tagged member or parameter, -1 for the type itself.
func (ty Type) Component() int {
	if ty.Kind != DeclTag {
		return -1
	}
	return int(int32(ty.u32(0)))
}
