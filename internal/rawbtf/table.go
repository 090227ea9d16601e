// Package rawbtf reads the BPF Type Format as it stands in the bytes: type ids
// are those of the file, nothing is copied, inflated or renumbered.
//
// Definitions need the exact ids (the kernel is given the file's own BTF), sizes
// that do not wrap at 4 GiB, and an editable copy for the kernel; the btf package
// of cilium/ebpf inflates types into Go structs and numbers them anew, so it
// serves here only for CO-RE.
//
// The format is the kernel's Documentation/bpf/btf.rst and include/uapi/linux/btf.h.
package rawbtf

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// Kind is BTF_KIND_*.
type Kind uint8

// The kinds of include/uapi/linux/btf.h.
const (
	Void Kind = iota
	Int
	Ptr
	Array
	Struct
	Union
	Enum
	Fwd
	Typedef
	Volatile
	Const
	Restrict
	Func
	FuncProto
	Var
	Datasec
	Float
	DeclTag
	TypeTag
	Enum64
	kindCount
)

var kindNames = [...]string{"void", "int", "ptr", "array", "struct", "union", "enum", "fwd", "typedef",
	"volatile", "const", "restrict", "func", "func_proto", "var", "datasec", "float", "decl_tag", "type_tag", "enum64"}

func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// ID is a type id: the rank of the type in the file, from 1; 0 is void.
type ID = uint32

// Linkage of VAR and FUNC (BTF_VAR_*, BTF_FUNC_*).
const (
	LinkStatic = 0
	LinkGlobal = 1
	LinkExtern = 2
)

const (
	magic      = 0xeb9f
	minHeader  = 24
	recordSize = 12
	// maxTypes is the kernel's BTF_MAX_TYPE, maxName its BTF_MAX_NAME_OFFSET.
	maxTypes  = 0x000fffff
	maxString = 0x00ffffff
	// maxDepth bounds walks along type references; a longer chain is a cycle or an attack
	// (the kernel's own limit, MAX_RESOLVE_DEPTH, is 32).
	maxDepth = 32
)

// ErrCycle: a chain of type references is too long to be sound.
var ErrCycle = errors.New("type references form a cycle or nest too deep")

// Table is a validated .BTF section. Its methods never panic on ids that are out
// of range: those name void. It is safe for concurrent use.
type Table struct {
	order   binary.ByteOrder
	raw     []byte // the whole section
	hdrLen  uint32
	types   []byte
	strs    []byte
	offsets []uint32 // by id: where the record begins in types; [0] unused
}

// Parse checks the header, every record's extent and every name, and keeps raw
// (which must not change afterwards). order is the ELF file's byte order.
func Parse(raw []byte, order binary.ByteOrder) (*Table, error) {
	if len(raw) < minHeader {
		return nil, fmt.Errorf("header needs %d bytes, the section has %d", minHeader, len(raw))
	}
	if m := order.Uint16(raw); m != magic {
		if m == magic>>8|magic&0xff<<8 {
			return nil, errors.New("byte order is not that of the file")
		}
		return nil, fmt.Errorf("magic is %#04x instead of %#04x", m, magic)
	}
	if v := raw[2]; v != 1 {
		return nil, fmt.Errorf("version %d is not known", v)
	}
	u32 := func(off int) uint64 { return uint64(order.Uint32(raw[off:])) }
	hdr := u32(4)
	if hdr < minHeader || hdr > uint64(len(raw)) {
		return nil, fmt.Errorf("header length %d is outside the section of %d bytes", hdr, len(raw))
	}
	body := raw[hdr:]
	part := func(what string, off, n uint64) ([]byte, error) {
		if off > uint64(len(body)) || n > uint64(len(body))-off {
			return nil, fmt.Errorf("%s of %d bytes at %#x is outside the section of %d bytes", what, n, hdr+off, len(raw))
		}
		return body[off : off+n : off+n], nil
	}
	types, err := part("type section", u32(8), u32(12))
	if err != nil {
		return nil, err
	}
	if u32(8)%4 != 0 {
		return nil, fmt.Errorf("type section offset %#x is not a multiple of 4", u32(8))
	}
	strs, err := part("string section", u32(16), u32(20))
	if err != nil {
		return nil, err
	}
	if len(strs) == 0 || strs[0] != 0 || strs[len(strs)-1] != 0 || len(strs) > maxString+1 {
		return nil, errors.New("string section does not begin and end with NUL")
	}
	t := &Table{order: order, raw: raw, hdrLen: uint32(hdr), types: types, strs: strs}
	return t, t.index()
}

// index walks the records once.
func (t *Table) index() error {
	t.offsets = make([]uint32, 1, 1+len(t.types)/(2*recordSize))
	for off := uint64(0); off < uint64(len(t.types)); {
		id := len(t.offsets)
		if id > maxTypes {
			return fmt.Errorf("more than %d types", maxTypes)
		}
		if uint64(len(t.types))-off < recordSize {
			return fmt.Errorf("type %d at %#x is cut off", id, off)
		}
		ty := t.at(ID(id), uint32(off))
		if ty.Kind == Void || ty.Kind >= kindCount {
			return fmt.Errorf("type %d at %#x has unknown kind %d", id, off, ty.Kind)
		}
		if uint64(ty.nameOff) >= uint64(len(t.strs)) {
			return fmt.Errorf("type %d at %#x: name at %#x is outside the strings", id, off, ty.nameOff)
		}
		n := recordSize + ty.extra()
		if n > uint64(len(t.types))-off {
			return fmt.Errorf("type %d (%s) at %#x is cut off", id, ty.Kind, off)
		}
		t.offsets = append(t.offsets, uint32(off))
		off += n
	}
	return nil
}

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

func (t *Table) at(id ID, off uint32) Type {
	b := t.types[off:]
	info := t.order.Uint32(b[4:])
	return Type{
		t: t, ID: id, Kind: Kind(info >> 24 & 0x1f), KindFlag: info>>31 != 0, Vlen: int(info & 0xffff),
		nameOff: t.order.Uint32(b), off: off, sizeType: t.order.Uint32(b[8:]),
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

// Order is the byte order of the section.
func (t *Table) Order() binary.ByteOrder { return t.order }

// Raw is the whole section. Read only.
func (t *Table) Raw() []byte { return t.raw }

// Len is one more than the highest type id.
func (t *Table) Len() int { return len(t.offsets) }

// Type is the type with that id; an id out of range gives void with that id.
func (t *Table) Type(id ID) Type {
	if id == 0 || uint64(id) >= uint64(len(t.offsets)) {
		return Type{t: t, ID: id}
	}
	return t.at(id, t.offsets[id])
}

// Valid tells whether id is void or a type of the table.
func (t *Table) Valid(id ID) bool { return uint64(id) < uint64(len(t.offsets)) }

// String is the NUL-terminated string at that offset of the string section.
func (t *Table) String(off uint32) (string, bool) {
	if uint64(off) >= uint64(len(t.strs)) {
		return "", false
	}
	s := t.strs[off:]
	if n := bytes.IndexByte(s, 0); n >= 0 {
		return string(s[:n]), true
	}
	return "", false
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
	s := ty.t.strs[ty.nameOff:]
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

func (ty Type) u32(off uint32) uint32 { return ty.t.order.Uint32(ty.t.types[ty.off+recordSize+off:]) }

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

// Strip follows CONST, VOLATILE, RESTRICT, TYPE_TAG and TYPEDEF (libbpf's
// skip_mods_and_typedefs). A cycle gives void with ErrCycle.
func (t *Table) Strip(id ID) (Type, error) { return t.strip(id, true) }

// StripMods follows the same but stops at a TYPEDEF.
func (t *Table) StripMods(id ID) (Type, error) { return t.strip(id, false) }

func (t *Table) strip(id ID, typedefs bool) (Type, error) {
	for range maxDepth {
		ty := t.Type(id)
		switch ty.Kind {
		case Const, Volatile, Restrict, TypeTag:
		case Typedef:
			if !typedefs {
				return ty, nil
			}
		default:
			return ty, nil
		}
		id = ty.sizeType
	}
	return Type{t: t}, ErrCycle
}

// ErrNoSize: the type has no size (void, forward declaration, function).
var ErrNoSize = errors.New("type has no size")

// ErrTooBig: the size is over 4 GiB - 1, which no BTF size can say.
var ErrTooBig = errors.New("type is larger than 4 GiB - 1")

// Sizeof is the size in bytes through qualifiers, typedefs and arrays; a pointer
// has 8 (libbpf's btf__resolve_size, without its wrap-around). ErrNoSize,
// ErrTooBig or ErrCycle otherwise.
func (t *Table) Sizeof(id ID) (uint32, error) {
	n := uint64(1)
	for range maxDepth {
		ty := t.Type(id)
		switch ty.Kind {
		case Int, Struct, Union, Enum, Enum64, Float, Datasec:
			return mulSize(n, uint64(ty.sizeType))
		case Ptr:
			return mulSize(n, 8)
		case Typedef, Const, Volatile, Restrict, TypeTag, Var, DeclTag:
			id = ty.sizeType
		case Array:
			a := ty.Array()
			m := uint64(a.Nelems)
			if m != 0 && n > math.MaxUint64/m/2 {
				return 0, ErrTooBig
			}
			n *= m
			id = a.Elem
		default:
			return 0, ErrNoSize
		}
	}
	return 0, ErrCycle
}

func mulSize(n, size uint64) (uint32, error) {
	if size != 0 && n > math.MaxUint32/size {
		return 0, ErrTooBig
	}
	return uint32(n * size), nil
}

// Find is the first type of that kind and name, void if there is none.
func (t *Table) Find(kind Kind, name string) (Type, bool) {
	for id := 1; id < len(t.offsets); id++ {
		if ty := t.at(ID(id), t.offsets[id]); ty.Kind == kind && ty.NameIs(name) {
			return ty, true
		}
	}
	return Type{t: t}, false
}

// FindAny is the first type of that name, whatever its kind (libbpf's btf__find_by_name).
func (t *Table) FindAny(name string) (Type, bool) {
	for id := 1; id < len(t.offsets); id++ {
		if ty := t.at(ID(id), t.offsets[id]); ty.NameIs(name) {
			return ty, true
		}
	}
	return Type{t: t}, false
}
