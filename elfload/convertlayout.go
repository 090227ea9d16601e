package elfload

import (
	"errors"
	"fmt"

	"github.com/bpfload/bpfload/internal/rawbtf"
)

// cLayout is how a struct or union is written so that the compiler lays it out
// as BTF says.
type cLayout struct {
	packed  bool
	aligned uint64   // of __attribute__((aligned)), 0 for none
	align   uint64   // what it has in an outer struct, in bytes
	fields  []cField // by member
	end     uint64   // the bit behind the last member
	tail    uint64   // bits of padding there
}

// cField is a member: the bit at which the one before it ends, the bits of padding that are
// written between, and its width if it is a bit field.
type cField struct{ from, pad, bits uint64 }

// maxPad bounds the padding that is written, in bits.
const maxPad = 4096

var errLayout = errors.New("has a layout that C cannot say")

func (l *cLayout) attributes() string {
	text := ""
	if l.packed {
		text += " __attribute__((packed))"
	}
	if l.aligned != 0 {
		text += fmt.Sprintf(" __attribute__((aligned(%d)))", l.aligned)
	}
	return text
}

// layout finds the attributes and the padding of a struct: none if the compiler's own layout
// will do, then alignment of the whole, then packing.
func (c *cTypes) layout(ty rawbtf.Type, depth int) (*cLayout, error) {
	if l := c.layouts[ty.ID]; l != nil {
		return l, nil
	}
	l, err := c.tryLayout(ty, false, depth)
	if errors.Is(err, errLayout) {
		l, err = c.tryLayout(ty, true, depth)
	}
	if err != nil {
		return nil, err
	}
	c.layouts[ty.ID] = l
	return l, nil
}

// tryLayout lays out the members as the compiler would and pads what is further on.
func (c *cTypes) tryLayout(ty rawbtf.Type, packed bool, depth int) (*cLayout, error) {
	l := &cLayout{packed: packed, align: 1, fields: make([]cField, ty.Vlen)}
	for i := range ty.Vlen {
		if err := c.step(depth); err != nil {
			return nil, err
		}
		f, end, err := c.field(ty, i, l, depth)
		if err != nil {
			return nil, err
		}
		l.fields[i] = f
		l.end = max(l.end, end)
	}
	return l, l.close(ty)
}

// field places one member behind l.end, or at 0 in a union.
func (c *cTypes) field(ty rawbtf.Type, i int, l *cLayout, depth int) (cField, uint64, error) {
	m := ty.Member(i)
	size, err := c.t.Sizeof(m.Type)
	if err != nil {
		return cField{}, 0, err
	}
	align, err := c.alignof(m.Type, depth+1)
	if err != nil {
		return cField{}, 0, err
	}
	f := cField{from: l.end, bits: uint64(m.BitSize)}
	at, width := uint64(m.BitOffset), uint64(size)*8
	if in, _ := c.t.Strip(m.Type); f.bits == 0 && in.Kind == rawbtf.Int && uint64(in.Int().Bits) < width && in.Int().Bits != 0 {
		// Bit fields of compilers that put their width into the INT.
		f.bits, at = uint64(in.Int().Bits), at+uint64(in.Int().Offset)
	}
	if ty.Kind == rawbtf.Union {
		f.from = 0
	}
	if f.place(f.from, width, align, l.packed) != at {
		// The padding must end where the compiler then puts the member.
		if at < f.from || at-f.from > maxPad || ty.Kind == rawbtf.Union || f.place(at, width, align, l.packed) != at {
			return f, 0, errLayout
		}
		f.pad = at - f.from
	}
	if !l.packed {
		l.align = max(l.align, align)
	}
	if f.bits != 0 {
		return f, at + f.bits, nil
	}
	return f, at + width, nil
}

// place is the bit at which the compiler puts a member when everything up to bit
// `from` is taken.
func (f *cField) place(from, width, align uint64, packed bool) uint64 {
	switch {
	case f.bits != 0 && packed:
		return from
	case f.bits != 0:
		if from%width+f.bits > width {
			return roundUp(from, width)
		}
		return from
	case packed:
		return roundUp(from, 8)
	}
	return roundUp(from, align*8)
}

// close settles the size of the whole.
func (l *cLayout) close(ty rawbtf.Type) error {
	total, end := uint64(ty.Size())*8, roundUp(l.end, 8)
	switch natural := roundUp(end, l.align*8); {
	case natural == total:
		return nil
	case natural > total:
		return errLayout
	}
	for n := l.align * 2; n <= 4096; n *= 2 {
		if roundUp(end, n*8) == total && n >= 8 {
			l.aligned, l.align = n, n
			return nil
		}
	}
	if ty.Kind == rawbtf.Union || total-l.end > maxPad || total%(l.align*8) != 0 {
		return errLayout
	}
	l.tail = total - l.end
	return nil
}

// alignof is the alignment in bytes that the printed type has.
func (c *cTypes) alignof(id rawbtf.ID, depth int) (uint64, error) {
	if err := c.step(depth); err != nil {
		return 0, err
	}
	ty := c.t.Type(id)
	switch ty.Kind {
	case rawbtf.Int, rawbtf.Float, rawbtf.Enum, rawbtf.Enum64:
		if n := ty.Size(); n == 1 || n == 2 || n == 4 || n == 8 || n == 16 {
			return uint64(n), nil
		}
		return 0, errLayout
	case rawbtf.Ptr:
		return 8, nil
	case rawbtf.Array:
		return c.alignof(ty.Array().Elem, depth+1)
	case rawbtf.Struct, rawbtf.Union:
		l, err := c.layout(ty, depth+1)
		if err != nil {
			return 0, err
		}
		return l.align, nil
	case rawbtf.Typedef, rawbtf.Const, rawbtf.Volatile, rawbtf.Restrict, rawbtf.TypeTag:
		return c.alignof(ty.Ref(), depth+1)
	}
	return 0, errLayout
}

func roundUp(n, to uint64) uint64 { return (n + to - 1) / to * to }
