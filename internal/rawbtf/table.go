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
	// maxTypes is the kernel's BTF_MAX_TYPE, maxString its BTF_MAX_NAME_OFFSET.
	maxTypes  = 0x000fffff
	maxString = 0x00ffffff
	maxName   = 0xffff
	// shared is up to how many bytes of strings names are parts of one string. Of the
	// kernel's, which are 50 times as many, few are asked for.
	shared = 1 << 18
	// maxDepth bounds walks along type references; a longer chain is a cycle or an attack
	// (the kernel's own limit, MAX_RESOLVE_DEPTH, is 32).
	maxDepth = 32
)

// Table is a validated .BTF section. Its methods never panic on ids that are out
// of range: those name void. It is safe for concurrent use.
type Table struct {
	order   binary.ByteOrder
	big     bool   // order is big endian
	raw     []byte // the whole section
	hdrLen  uint32
	types   []byte
	strs    []byte
	names   string   // the same bytes, for names that share them; "" where they are too many
	offsets []uint32 // by id - first: where the record begins in types; [0] unused where first is 0

	// Split BTF (a kernel module's) goes on where its base ends; nil and 0 otherwise.
	base     *Table
	first    ID          // the id of its first type
	firstStr uint32      // the offset of its first string
	room     [128]uint32 // for offsets
}

// Parse checks the header, every record's extent and every name, and keeps raw
// (which must not change afterwards). order is the ELF file's byte order.
func Parse(raw []byte, order binary.ByteOrder) (*Table, error) { return parse(raw, "", order, nil) }

// ParseText is Parse for a caller that has the bytes of raw as a string too, which
// names then share. It must be of the same length.
func ParseText(raw []byte, text string, order binary.ByteOrder) (*Table, error) {
	return parse(raw, text, order, nil)
}

// ParseSplit is Parse for BTF that goes on where base ends, as a kernel module's
// does upon vmlinux's: its first type has the id base.Len(), its first string
// stands behind base's last. Type and String answer for both; Find, FindAny
// and Datasecs look through the types of raw only. ForKernel and Sanitize are not for it.
func ParseSplit(raw []byte, order binary.ByteOrder, base *Table) (*Table, error) {
	return parse(raw, "", order, base)
}

func parse(raw []byte, text string, order binary.ByteOrder, base *Table) (*Table, error) {
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
	if base == nil && (len(strs) == 0 || strs[0] != 0) || len(strs) > 0 && strs[len(strs)-1] != 0 || len(strs) > maxString+1 {
		return nil, errors.New("string section does not begin and end with NUL")
	}
	t := &Table{order: order, big: raw[0] == magic>>8, raw: raw, hdrLen: uint32(hdr), types: types, strs: strs, base: base}
	switch {
	case len(text) == len(raw):
		t.names = text[hdr+u32(16):][:len(strs)]
	case len(strs) <= shared:
		t.names = string(strs)
	}
	if base != nil {
		t.first, t.firstStr = ID(base.Len()), base.firstStr+uint32(len(base.strs))
	}
	if err := t.index(); err != nil {
		return nil, err
	}
	return t, nil
}

// extraSizes is what follows the common part of a record by its kind, in bytes:
// once, and for each of vlen members. Kinds that are not known have none.
var extraSizes = [32]struct{ once, each uint8 }{Int: {4, 0}, Var: {4, 0}, DeclTag: {4, 0}, Array: {12, 0},
	Struct: {0, 12}, Union: {0, 12}, Datasec: {0, 12}, Enum64: {0, 12}, Enum: {0, 8}, FuncProto: {0, 8}}

// index walks the records once. The kernel has more than 100,000, so it reads
// words and makes no Type of them.
func (t *Table) index() error {
	t.offsets = t.room[:0]
	if n := 2 + len(t.types)/(2*recordSize); n > len(t.room) {
		t.offsets = make([]uint32, 0, n)
	}
	if t.base == nil {
		t.offsets = append(t.offsets, 0)
	}
	names := uint64(t.firstStr) + uint64(len(t.strs))
	types := t.types
	for off := 0; off < len(types); {
		if len(t.offsets)+int(t.first) > maxTypes {
			return fmt.Errorf("more than %d types", maxTypes)
		}
		if len(types)-off < recordSize {
			return fmt.Errorf("type %d at %#x is cut off", t.Len(), off)
		}
		rec := types[off : off+recordSize]
		nameOff, info := t.word(rec), t.word(rec[4:])
		kind := info >> 24 & 0x1f
		if kind == 0 || kind >= uint32(kindCount) {
			return fmt.Errorf("type %d at %#x has unknown kind %d", t.Len(), off, kind)
		}
		if uint64(nameOff) >= names {
			return fmt.Errorf("type %d at %#x: name at %#x is outside the strings", t.Len(), off, nameOff)
		}
		extra := extraSizes[kind]
		n := recordSize + int(extra.once) + int(extra.each)*int(info&0xffff)
		if n > len(types)-off {
			return fmt.Errorf("type %d (%s) at %#x is cut off", t.Len(), Kind(kind), off)
		}
		t.offsets = append(t.offsets, uint32(off))
		off += n
	}
	return nil
}

// Order is the byte order of the section.
func (t *Table) Order() binary.ByteOrder { return t.order }

// Raw is the whole section. Read only.
func (t *Table) Raw() []byte { return t.raw }

// Len is one more than the highest type id.
func (t *Table) Len() int { return int(t.first) + len(t.offsets) }

// Type is the type with that id; an id out of range gives void with that id.
func (t *Table) Type(id ID) Type {
	switch {
	case id == 0 || uint64(id) >= uint64(t.Len()):
		return Type{t: t, ID: id}
	case id < t.first:
		return t.base.Type(id)
	}
	return t.at(id, t.offsets[id-t.first])
}

// Valid tells whether id is void or a type of the table.
func (t *Table) Valid(id ID) bool { return uint64(id) < uint64(t.Len()) }

// String is the NUL-terminated string at that offset of the string section. One
// of more than 64 KiB counts as none: thousands of types may share it, and each
// call looks for its end.
func (t *Table) String(off uint32) (string, bool) {
	if off < t.firstStr {
		return t.base.String(off)
	}
	if off -= t.firstStr; uint64(off) >= uint64(len(t.strs)) {
		return "", false
	}
	s := t.strs[off:]
	n := bytes.IndexByte(s[:min(len(s), maxName+1)], 0)
	switch {
	case n < 0:
		return "", false
	case t.names == "":
		return string(s[:n]), true
	}
	return t.names[off:][:n], true
}
