package rawbtf

import (
	"bytes"
	"errors"
	"slices"
)

// maxKernelName is the longest name in bytes that the kernel takes (KSYM_NAME_LEN - 1).
const maxKernelName = 511

// mendArray: the kernel refuses arrays over 4 GiB - 1, which `__uint(x, n)`
// makes when n is 0x40000000 or more (spec R136). Only map definitions have
// such, and nobody reads those in the kernel's copy.
func (k *kernelCopy) mendArray(ty Type, rec []byte) {
	if _, err := k.Sizeof(ty.ID); errors.Is(err, ErrTooBig) {
		k.order.PutUint32(rec[recordSize+8:], 0)
		k.note("btf_array", "", "", "array type %d of %d elements is larger than the kernel allows; its copy has none", ty.ID, ty.Array().Nelems)
	}
}

// mendInt: the kernel takes one encoding of an INT; GCC says of a signed char that
// it is signed and a char, which costs libbpf all types (spec D6).
func (k *kernelCopy) mendInt(ty Type, rec []byte) {
	enc := ty.Int().Encoding
	for _, one := range []uint8{IntSigned, IntBool} {
		if enc&one != 0 && enc != one {
			word := k.order.Uint32(rec[recordSize:])
			k.order.PutUint32(rec[recordSize:], word&^(0xf<<24)|uint32(one)<<24)
			return
		}
	}
}

// mendVar makes a VAR that the kernel takes: extern ones become global, hidden
// ones static (spec R34), and one without a size (`extern const void x __ksym`,
// or the void that clang writes for an anonymous union) becomes an INT.
func (k *kernelCopy) mendVar(ty Type, rec []byte) {
	switch {
	case k.static[ty.ID]:
		k.order.PutUint32(rec[recordSize:], LinkStatic)
	case ty.Linkage() == LinkExtern:
		k.order.PutUint32(rec[recordSize:], LinkGlobal)
	}
	if _, err := k.Sizeof(ty.Ref()); errors.Is(err, ErrNoSize) {
		k.order.PutUint32(rec[8:], k.anyInt(ty.nameOff))
	}
}

// mendFunc: extern functions (kfuncs) become global, which is all that the
// kernel takes, and hidden ones static. GCC 12 forgets their names; any will do.
func (k *kernelCopy) mendFunc(ty Type, rec []byte) {
	if ty.nameOff == 0 {
		k.order.PutUint32(rec, k.firstName(Func, Var, Struct))
	}
	switch {
	case ty.Linkage() == LinkExtern:
		k.setVlen(rec, LinkGlobal)
	case ty.Linkage() == LinkGlobal && k.fix.HiddenFunc != nil && k.fix.HiddenFunc(ty.Name()):
		k.setVlen(rec, LinkStatic)
	}
}

// mendParams names nameless parameters, which the kernel refuses in the
// prototype of a FUNC. Any identifier will do.
func (k *kernelCopy) mendParams(ty Type, rec []byte) {
	for i := range ty.Vlen {
		p := rec[recordSize+8*i:]
		if k.order.Uint32(p) == 0 && k.order.Uint32(p[4:]) != 0 {
			k.order.PutUint32(p, k.anyName())
		}
	}
}

// anyInt is the id of the first INT; a table without one gets it at the end,
// under the name given.
func (k *kernelCopy) anyInt(nameOff uint32) ID {
	for id := 1; id < len(k.offsets) && k.intID == 0; id++ {
		if k.at(ID(id), k.offsets[id]).Kind == Int {
			k.intID = ID(id)
		}
	}
	if k.intID == 0 {
		k.intID, k.newInt, k.intName = ID(len(k.offsets)), true, nameOff
	}
	return k.intID
}

// anyName is the offset of the first FUNC's name, 0 when there is none (then
// the kernel does not mind).
func (k *kernelCopy) anyName() uint32 {
	if !k.nameSought {
		k.nameSought = true
		k.nameOff = k.firstName(Func)
	}
	return k.nameOff
}

// firstName is the offset of the first name of a type of one of those kinds, 0
// when there is none.
func (t *Table) firstName(kinds ...Kind) uint32 {
	for id := 1; id < len(t.offsets); id++ {
		if ty := t.at(ID(id), t.offsets[id]); ty.nameOff != 0 && slices.Contains(kinds, ty.Kind) {
			return ty.nameOff
		}
	}
	return 0
}

// mendNames replaces what the kernel refuses in the identifiers of a type. The
// strings are edited where they stand, so that what shares them changes along.
func (k *kernelCopy) mendNames(ty Type) {
	switch ty.Kind {
	case Struct, Union, Enum, Enum64, Fwd, Typedef, Func, Var:
		k.mendName(ty.Kind, ty.nameOff)
	}
	width := uint32(0)
	switch ty.Kind {
	case Struct, Union, Enum64:
		width = 12
	case Enum, FuncProto:
		width = 8
	}
	for i := uint32(0); width != 0 && i < uint32(ty.Vlen); i++ {
		k.mendName(ty.Kind, ty.u32(i*width))
	}
}

// mendName makes the name at off what the kernel takes: letters, digits (not
// first), `_` and `.`, no more than 511 of them.
func (k *kernelCopy) mendName(kind Kind, off uint32) {
	if uint64(off) >= uint64(len(k.strs)) {
		return // the kernel's to refuse
	}
	s := k.strs[off:]
	s = s[:min(len(s), maxKernelName+1)] // no further: many types may share one long name
	n := bytes.IndexByte(s, 0)
	if n < 0 {
		n = len(s)
	}
	if n == 0 || off == 0 {
		return
	}
	changed := false
	for i, c := range s[:n] {
		if !nameByte(c, i == 0) {
			s[i], changed = '_', true
		}
	}
	if n > maxKernelName {
		s[maxKernelName], changed = 0, true
	}
	if changed {
		k.note("btf_name", "", "", "name %.64q of a %s has characters or a length that the kernel refuses; its copy says %.64q",
			k.Table.strs[off:off+uint32(n)], kind, s[:min(n, maxKernelName)])
	}
}

// nameByte is the kernel's rule for identifiers in BTF.
func nameByte(c byte, first bool) bool {
	switch {
	case c == '_', c == '.', c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
		return true
	}
	return !first && c >= '0' && c <= '9'
}
