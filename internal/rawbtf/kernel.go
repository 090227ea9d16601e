package rawbtf

import (
	"fmt"
)

// Placement is what an ELF symbol says of a variable.
type Placement struct {
	// Offset is the symbol's value: bytes from the start of the section.
	Offset uint64
	// Hidden is true for HIDDEN and INTERNAL visibility.
	Hidden bool
}

// FixUps answers what only the ELF file knows. The first two functions are required.
type FixUps struct {
	// SectionSize is the size in bytes of the section, false when the file has
	// none of that name. `.kconfig` may be answered with the size of its map.
	SectionSize func(section string) (uint64, bool)
	// Symbol finds the variable of a DATASEC; false when no symbol says where
	// it is. The variable is as Variables gives it.
	Symbol func(section string, v Variable) (Placement, bool)
	// HiddenFunc tells of global functions that other files cannot see; they
	// become static, so that the verifier checks them with the arguments of their
	// callers, as libbpf does. nil for none.
	HiddenFunc func(name string) bool
}

// Note tells of something that the kernel's copy has otherwise than the file.
// What every object needs (sizes, offsets, linkage of hidden variables) is not noted.
type Note struct {
	// Code is stable: "btf_name", "btf_array", "btf_extern", "btf_variable", "btf_offset".
	Code    string
	Message string
	// Section and Symbol are the DATASEC and the variable, where there are any.
	Section, Symbol string
}

// ForKernel makes the copy of the table that BPF_BTF_LOAD takes: DATASECs get
// the ELF section's size, variables the offset of their symbol (the truth also
// where the DATASEC has a size: D5), hidden ones static linkage, members are
// sorted by offset (spec R30 to R36, L105). What the kernel would refuse is
// mended and noted, instead of giving up the whole BTF (D6, R136).
//
// Type ids are those of the file; one INT may be added behind the last. The
// header has 24 bytes, whatever the file's has. The receiver is not changed.
// The error is a *NotVarError (spec R35).
func (t *Table) ForKernel(f FixUps) ([]byte, []Note, error) {
	k := &kernelCopy{Table: t, fix: f}
	if err := k.layOut(); err != nil {
		return nil, nil, err
	}
	room := make([]byte, minHeader+len(t.types)+recordSize+4+len(t.strs))
	k.out = room[:minHeader]
	k.strs = room[len(room)-len(t.strs):] // where no record will stand
	copy(k.strs, t.strs)
	for id := 1; id < len(t.offsets); id++ {
		k.add(t.at(ID(id), t.offsets[id]))
	}
	k.addInt()
	return k.finish(), k.notes, nil
}

// kernelCopy is a table being copied. Its strs are a copy, edited in place;
// records are appended to out, which begins with room for the header.
type kernelCopy struct {
	*Table
	fix        FixUps
	sections   map[ID]section // by the DATASEC's id
	static     map[ID]bool    // VARs that become static
	strs       []byte
	out        []byte
	notes      []Note
	intID      ID     // an INT for variables without a size, 0 while none was needed
	newInt     bool   // intID is to be added
	intName    uint32 // its name
	nameOff    uint32 // a name for nameless parameters
	nameSought bool   // nameOff is the result of a search
}

// section is a DATASEC as the kernel gets it.
type section struct {
	size uint32
	vars []Variable
}

func (k *kernelCopy) note(code, section, symbol, format string, args ...any) {
	k.notes = append(k.notes, Note{Code: code, Section: section, Symbol: symbol, Message: fmt.Sprintf(format, args...)})
}

// add appends one record, mended.
func (k *kernelCopy) add(ty Type) {
	start := len(k.out)
	k.out = append(k.out, k.types[ty.off:uint64(ty.off)+recordSize+ty.extra()]...)
	rec := k.out[start:]
	k.mendNames(ty)
	switch ty.Kind {
	case Int:
		k.mendInt(ty, rec)
	case Array:
		k.mendArray(ty, rec)
	case Var:
		k.mendVar(ty, rec)
	case Func:
		k.mendFunc(ty, rec)
	case FuncProto:
		k.mendParams(ty, rec)
	case Datasec:
		k.out = k.appendDatasec(k.out[:start+recordSize], start, ty.ID)
	}
}

// appendDatasec writes the members of a DATASEC whose common part begins at start.
func (k *kernelCopy) appendDatasec(out []byte, start int, id ID) []byte {
	sec := k.sections[id]
	k.setVlen(out[start:], len(sec.vars))
	k.order.PutUint32(out[start+8:], sec.size)
	for i := range sec.vars {
		v := &sec.vars[i]
		out = k.append32(out, v.Var, v.Offset, v.Size)
	}
	return out
}

func (k *kernelCopy) append32(out []byte, words ...uint32) []byte {
	var b [4]byte
	for _, w := range words {
		k.order.PutUint32(b[:], w)
		out = append(out, b[:]...)
	}
	return out
}

func (k *kernelCopy) setVlen(rec []byte, n int) {
	info := k.order.Uint32(rec[4:])
	k.order.PutUint32(rec[4:], info&^0xffff|uint32(n)&0xffff)
}

// addInt appends the INT that anyInt promised.
func (k *kernelCopy) addInt() {
	if k.newInt {
		k.out = k.append32(k.out, k.intName, uint32(Int)<<24, 4, IntSigned<<24|32)
	}
}

func (k *kernelCopy) finish() []byte {
	h := k.out[:minHeader]
	n := uint32(len(k.out) - minHeader)
	k.order.PutUint16(h, magic)
	h[2], h[3] = 1, k.raw[3]
	for i, v := range [5]uint32{minHeader, 0, n, n, uint32(len(k.strs))} {
		k.order.PutUint32(h[4+4*i:], v)
	}
	return append(k.out, k.strs...) // moves them down, if there is room between
}
