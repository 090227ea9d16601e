package elfload

import (
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/bpfload/bpfload/internal/rawbtf"
)

// valueCopy turns an older map's value into one of the newer map.
type valueCopy struct {
	oldSize, newSize uint32 // bytes
	// same: the bytes stay as they are, and there are no ops.
	same    bool
	ops     []copyOp
	dropped []string
}

// copyOp copies size bits or bytes from an old value to a new one.
type copyOp struct {
	from, to, size uint32 // bytes, for bit fields bits
	kind           copyKind
	newSize        uint32 // bytes of the wider integer
}

type copyKind uint8

const (
	copyBytes copyKind = iota
	copyBits
	copyUnsigned // into a wider integer
	copySigned
)

// maxCopyOps bounds the work per value.
const maxCopyOps = 1 << 14

// planValueCopy finds where each member of the old value goes in the new one, by
// name. A member that has no place there, or one where it does not fit, is an
// error; a variable of a data section that is no more is dropped.
func planValueCopy(old, new *mapShape) (*valueCopy, error) {
	c := &valueCopy{oldSize: old.valueSize, newSize: new.valueSize}
	typed := old.types != nil && new.types != nil && old.valueType != 0 && new.valueType != 0
	for _, s := range []*mapShape{old, new} {
		if s.types == nil {
			continue
		}
		if name := unmovable(s.types, s.valueType); name != "" {
			return nil, fmt.Errorf("the value holds a %s, which only the kernel moves", name)
		}
	}
	if !typed || len(old.typeDifferences(new)) == 0 && sameKind(old, new) {
		if old.valueSize != new.valueSize {
			return nil, fmt.Errorf("values of %d bytes do not become values of %d: which members they have is not known", old.valueSize, new.valueSize)
		}
		c.same = true
		return c, nil
	}
	p := &copyPlan{old: old.types, new: new.types, valueCopy: c}
	if err := p.copy("", copyPlace{old.valueType, 0}, copyPlace{new.valueType, 0}, 32); err != nil {
		return nil, err
	}
	for _, op := range c.ops {
		if reads, writes := op.ends(); reads > uint64(c.oldSize) || writes > uint64(c.newSize) {
			return nil, errors.New("the types are larger than the values")
		}
	}
	return c, nil
}

// sameKind tells whether both values are of the same kind and size.
func sameKind(old, new *mapShape) bool {
	a, errA := old.types.Strip(old.valueType)
	b, errB := new.types.Strip(new.valueType)
	return errA == nil && errB == nil && a.Kind == b.Kind && old.valueSize == new.valueSize
}

// unmovable names a field that the kernel keeps for itself, "" for none. Locks
// are not among them: both maps have their own.
func unmovable(t *rawbtf.Table, id rawbtf.ID) string {
	w := specialWalk{t: t, budget: specialBudget, except: []string{"bpf_spin_lock", "bpf_res_spin_lock"}}
	return w.find(id, 0)
}

// ends are the bytes behind the last that is read, and written.
func (op *copyOp) ends() (reads, writes uint64) {
	from, to, size := uint64(op.from), uint64(op.to), uint64(op.size)
	switch op.kind {
	case copyBits:
		return (from + size + 7) / 8, (to + size + 7) / 8
	case copyBytes:
		return from + size, to + size
	}
	return from + size, to + uint64(op.newSize)
}

// copyPlace is a type at an offset in bytes.
type copyPlace struct {
	id rawbtf.ID
	at uint32
}

type copyPlan struct {
	old, new *rawbtf.Table
	*valueCopy
}

func (p *copyPlan) add(op copyOp) error {
	if len(p.ops) >= maxCopyOps {
		return errors.New("the value has too many members")
	}
	if n := len(p.ops); n > 0 && op.kind == copyBytes {
		if last := &p.ops[n-1]; last.kind == copyBytes && last.from+last.size == op.from && last.to+last.size == op.to {
			last.size += op.size
			return nil
		}
	}
	p.ops = append(p.ops, op)
	return nil
}

// memberError says what is wrong with a member.
func memberError(path, format string, args ...any) error {
	what := "the value"
	if path != "" {
		what = "value field " + strconv.Quote(path)
	}
	return fmt.Errorf("%s %s", what, fmt.Sprintf(format, args...))
}

// copy plans the copying of one value or member.
func (p *copyPlan) copy(path string, from, to copyPlace, depth int) error {
	a, errA := p.old.Strip(from.id)
	b, errB := p.new.Strip(to.id)
	if err := errors.Join(errA, errB); err != nil || depth == 0 {
		return memberError(path, "nests too deep")
	}
	switch {
	case scalar(a.Kind) && scalar(b.Kind):
		return p.scalar(path, a, from.at, b, to.at)
	case a.Kind != b.Kind:
		return memberError(path, "was %s and is %s", p.old.CName(from.id), p.new.CName(to.id))
	}
	switch a.Kind {
	case rawbtf.Struct:
		return p.members(path, membersAt(p.old, a, from.at, depth), membersAt(p.new, b, to.at, depth), depth)
	case rawbtf.Union:
		return p.union(path, from, to)
	case rawbtf.Array:
		return p.array(path, from, to, depth)
	case rawbtf.Datasec:
		return p.variables(a, b, depth)
	}
	return memberError(path, "is of a kind that is not copied")
}

func scalar(k rawbtf.Kind) bool {
	return k == rawbtf.Int || k == rawbtf.Enum || k == rawbtf.Enum64 || k == rawbtf.Float || k == rawbtf.Ptr
}

// scalar copies numbers of the same size, and whole numbers into wider ones.
func (p *copyPlan) scalar(path string, a rawbtf.Type, from uint32, b rawbtf.Type, to uint32) error {
	sizeOf := func(t rawbtf.Type) uint32 {
		if t.Kind == rawbtf.Ptr {
			return 8
		}
		return t.Size()
	}
	old, new := sizeOf(a), sizeOf(b)
	whole := a.Kind != rawbtf.Float && b.Kind != rawbtf.Float
	switch {
	case (a.Kind == rawbtf.Float) != (b.Kind == rawbtf.Float), new > old && (!whole || new > 8):
		return memberError(path, "was %s and is %s", p.old.CName(a.ID), p.new.CName(b.ID))
	case new < old:
		return memberError(path, "has %d bytes and had %d: what is in it may not fit", new, old)
	case new == old:
		return p.add(copyOp{from: from, to: to, size: old})
	}
	kind := copyUnsigned
	if a.Kind == rawbtf.Int && a.Int().Encoding&rawbtf.IntSigned != 0 || a.Kind != rawbtf.Int && a.KindFlag {
		kind = copySigned
	}
	return p.add(copyOp{from: from, to: to, size: old, kind: kind, newSize: new})
}

// union copies a union as it is: which member counts is not known.
func (p *copyPlan) union(path string, from, to copyPlace) error {
	had, has := fieldsOf(p.old, from.id), fieldsOf(p.new, to.id)
	for _, f := range had {
		if !slices.Contains(has, f) {
			return memberError(path, "is a union, and its member %q is not what it was", f.path)
		}
	}
	old, errA := p.old.Sizeof(from.id)
	new, errB := p.new.Sizeof(to.id)
	if err := errors.Join(errA, errB); err != nil || new < old {
		return memberError(path, "is a union that is smaller than it was")
	}
	return p.add(copyOp{from: from.at, to: to.at, size: old})
}

func (p *copyPlan) array(path string, from, to copyPlace, depth int) error {
	a, _ := p.old.Strip(from.id)
	b, _ := p.new.Strip(to.id)
	old, new := a.Array(), b.Array()
	oldSize, errA := p.old.Sizeof(old.Elem)
	newSize, errB := p.new.Sizeof(new.Elem)
	switch {
	case errors.Join(errA, errB) != nil:
		return memberError(path, "has elements without a size")
	case new.Nelems < old.Nelems:
		return memberError(path, "has %d elements and had %d", new.Nelems, old.Nelems)
	}
	if p.sameElements(old.Elem, new.Elem, oldSize, newSize) {
		return p.add(copyOp{from: from.at, to: to.at, size: old.Nelems * oldSize})
	}
	if old.Nelems > maxCopyOps {
		return memberError(path, "has too many elements")
	}
	for i := range old.Nelems {
		err := p.copy(path+"[]", copyPlace{old.Elem, from.at + i*oldSize}, copyPlace{new.Elem, to.at + i*newSize}, depth-1)
		if err != nil {
			return err
		}
	}
	return nil
}

// sameElements tells whether two types have the same bytes.
func (p *copyPlan) sameElements(old, new rawbtf.ID, oldSize, newSize uint32) bool {
	a, errA := p.old.Strip(old)
	b, errB := p.new.Strip(new)
	return errA == nil && errB == nil && a.Kind == b.Kind && oldSize == newSize && slices.Equal(fieldsOf(p.old, old), fieldsOf(p.new, new))
}
