package progs

import (
	"math/bits"

	"github.com/bpfload/bpfload/internal/rawbtf"
)

// coreField is where the field that an access path leads to begins: bytes from
// the start of the outermost type. Of a bit field these are the bytes of a load, and
// bitOffset counts from there.
type coreField struct {
	table     *rawbtf.Table
	id        rawbtf.ID
	offset    uint32
	bitOffset uint32
	bitSize   uint32 // 0 when not a bit field
	flexible  bool   // the last member, which may be an array without a size
}

// skip moves on to the n-th element.
func (f *coreField) skip(n int) bool {
	if n == 0 {
		return true
	}
	size, err := f.table.Sizeof(f.id)
	f.offset += uint32(n) * size
	return err == nil
}

// member moves on to a member at that many bits.
func (f *coreField) member(m rawbtf.Member, bitOffset uint32, last bool) {
	f.id, f.bitSize, f.flexible, f.bitOffset = m.Type, m.BitSize, last, bitOffset
}

// align splits bitOffset into whole loads and the bits behind them.
func (f *coreField) align() bool {
	size, ok := alignment(f.table, f.id)
	if !ok {
		return false
	}
	bytes := f.bitOffset / 8 / size * size
	f.bitOffset -= bytes * 8
	f.offset += bytes
	return true
}

// alignment in bytes of an integer, an enumeration, or an array of them.
func alignment(t *rawbtf.Table, id rawbtf.ID) (uint32, bool) {
	for range maxAccess {
		ty, err := t.Strip(id)
		if err != nil {
			return 0, false
		}
		switch ty.Kind {
		case rawbtf.Int, rawbtf.Enum, rawbtf.Enum64:
			return ty.Size(), bits.OnesCount32(ty.Size()) == 1
		case rawbtf.Array:
			id = ty.Array().Elem
		default:
			return 0, false
		}
	}
	return 0, false
}

// field computes g.try for a field.
func (r *FastRelocator) field(g *fastRelo, local, target rawbtf.ID) outcome {
	a, b := coreField{table: r.local, id: local}, coreField{table: r.target, id: target}
	if o := r.walk(g.path, &a, &b); o != solved {
		return o
	}
	bitField := a.bitSize > 0
	switch g.kind {
	case coreFieldExists:
		g.try = fixup{local: 1, target: 1}
	case coreByteOffset:
		g.try = fixup{local: uint64(a.offset), target: uint64(b.offset), unchecked: bitField}
	case coreByteSize:
		x, errA := r.local.Sizeof(a.id)
		y, errB := r.target.Sizeof(b.id)
		if errA != nil || errB != nil {
			return unplain
		}
		g.try = fixup{local: uint64(x), target: uint64(y), unchecked: bitField}
	case coreLShift, coreRShift:
		width := b.bitSize
		if width == 0 {
			size, err := r.target.Sizeof(b.id)
			if err != nil {
				return unplain
			}
			width = size * 8
		}
		if (insns{order: r.file.Order}).big() {
			return unplain
		}
		g.try = fixup{target: uint64(64 - width), unchecked: true}
		if g.kind == coreLShift {
			g.try.target = uint64(64 - b.bitOffset - width)
		}
	case coreSigned:
		return r.signedness(g, &a, &b)
	}
	return solved
}

func (r *FastRelocator) signedness(g *fastRelo, a, b *coreField) outcome {
	x, errA := r.local.Strip(a.id)
	y, errB := r.target.Strip(b.id)
	if errA != nil || errB != nil || !sameKind(x.Kind, y.Kind) || x.Kind != rawbtf.Int && !isEnum(x.Kind) {
		return unplain
	}
	sign := func(ty rawbtf.Type) uint64 {
		if ty.Kind == rawbtf.Int && ty.Int().Encoding&rawbtf.IntSigned != 0 || ty.Kind != rawbtf.Int && ty.KindFlag {
			return 1
		}
		return 0
	}
	g.try = fixup{local: sign(x), target: sign(y)}
	return solved
}

// walk follows path in the object's type and finds the same field in the target's.
func (r *FastRelocator) walk(path []int, a, b *coreField) outcome {
	if o := r.alike(a.id, b.id); o != solved {
		return o
	}
	if !a.skip(path[0]) || !b.skip(path[0]) {
		return unplain
	}
	for i, step := range path[1:] {
		from, errA := r.local.Strip(a.id)
		to, errB := r.target.Strip(b.id)
		if errA != nil || errB != nil {
			return unplain
		}
		var o outcome
		switch {
		case isComposite(from.Kind):
			last := i+1 == len(path)-1
			var inner bool
			if o, inner = r.intoMember(from, to, step, last, a, b); inner {
				continue
			}
		case from.Kind == rawbtf.Array:
			o = intoElement(from, to, step, a, b)
		default:
			return unplain
		}
		if o != solved {
			return o
		}
		if o := r.alike(a.id, b.id); o != solved {
			return o
		}
	}
	return solved
}

// intoMember goes on to a member by its number in the object's type, and to that of the
// same name in the target's. inner: the member has no name, its own members count.
func (r *FastRelocator) intoMember(from, to rawbtf.Type, step int, last bool, a, b *coreField) (o outcome, inner bool) {
	if step >= from.Vlen {
		return unplain, false
	}
	m := from.Member(step)
	name := m.Name()
	if name == "" {
		ty, err := r.local.Strip(m.Type)
		if err != nil || !isComposite(ty.Kind) {
			return unplain, false
		}
		*a = coreField{table: a.table, id: ty.ID, offset: a.offset + m.BitOffset/8}
		return solved, true
	}
	if !isComposite(to.Kind) {
		return missing, false
	}
	n, bitOffset, isLast, o := findMember(r.target, to, name)
	if o != solved {
		return o, false
	}
	a.member(m, m.BitOffset, step == from.Vlen-1)
	b.member(n, bitOffset, isLast)
	if a.bitSize == 0 && b.bitSize == 0 {
		a.offset, a.bitOffset = a.offset+a.bitOffset/8, 0
		b.offset, b.bitOffset = b.offset+b.bitOffset/8, 0
		return solved, false
	}
	if !last || !a.align() || !b.align() {
		return unplain, false
	}
	return solved, false
}

func intoElement(from, to rawbtf.Type, step int, a, b *coreField) outcome {
	if to.Kind != rawbtf.Array {
		return missing
	}
	x, y := from.Array(), to.Array()
	switch {
	case x.Nelems == 0 && !a.flexible, y.Nelems == 0 && !b.flexible, x.Nelems > 0 && uint64(step) >= uint64(x.Nelems):
		return unplain
	case y.Nelems > 0 && uint64(step) >= uint64(y.Nelems):
		return missing
	}
	*a = coreField{table: a.table, id: x.Elem, offset: a.offset}
	*b = coreField{table: b.table, id: y.Elem, offset: b.offset}
	if !a.skip(step) || !b.skip(step) {
		return unplain
	}
	return solved
}

// alike is libbpf's bpf_core_fields_are_compat, without the elements of arrays.
func (r *FastRelocator) alike(local, target rawbtf.ID) outcome {
	a, errA := r.local.Strip(local)
	b, errB := r.target.Strip(target)
	switch {
	case errA != nil || errB != nil:
		return unplain
	case isComposite(a.Kind) && isComposite(b.Kind):
		return solved
	case !sameKind(a.Kind, b.Kind):
		return missing
	}
	switch a.Kind {
	case rawbtf.Array, rawbtf.Ptr, rawbtf.Float, rawbtf.Int:
		return solved
	case rawbtf.Enum, rawbtf.Enum64, rawbtf.Fwd:
		x, y := a.Name(), b.Name()
		if x == "" || y == "" || rawbtf.EssentialName(x) == rawbtf.EssentialName(y) {
			return solved
		}
		return missing
	}
	return unplain
}

// nested is a struct or union without a name, at that many bits in the outer one.
type nested struct {
	ty        rawbtf.Type
	bitOffset uint32
}

// findMember looks for a name in a struct or union and in those without a name in
// it, level by level. Offsets are in bits from the start of ty.
func findMember(t *rawbtf.Table, ty rawbtf.Type, name string) (m rawbtf.Member, bitOffset uint32, last bool, o outcome) {
	var first [8]nested
	all := append(first[:0], nested{ty: ty})
	for i := 0; i < len(all); i++ {
		if i >= maxNested {
			return m, 0, false, unplain
		}
		for k := range all[i].ty.Vlen {
			m := all[i].ty.Member(k)
			if m.NameIs(name) {
				return m, m.BitOffset + all[i].bitOffset, k == all[i].ty.Vlen-1, solved
			}
			if !m.NameIs("") {
				continue
			}
			inner, err := t.Strip(m.Type)
			if err != nil || !isComposite(inner.Kind) {
				return m, 0, false, unplain
			}
			all = append(all, nested{inner, all[i].bitOffset + m.BitOffset})
		}
	}
	return m, 0, false, missing
}

// maxNested bounds the structs and unions that a name is looked for in.
const maxNested = 32
