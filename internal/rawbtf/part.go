package rawbtf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

// part is a member or an element of a variable: its type and where it lies, in
// bits from the start. width is that of a bit field, 0 for whole bytes.
type part struct {
	id    ID
	at    uint64
	width uint64
}

// maxMembersSeen bounds the members that one search looks at: structs without
// names may nest.
const maxMembersSeen = 1 << 16

// SetText is EncodeText for a part of a variable, whose bytes are out: path is
// ".member", "[index]" and so on, "" for all of it. Bytes of other parts stay.
func (t *Table) SetText(id ID, path, text string, out []byte) error {
	if path == "" {
		b, err := t.EncodeText(id, text)
		copy(out, b)
		return err
	}
	p, err := t.follow(part{id: id}, path)
	if err != nil {
		return err
	}
	e := encoder{Table: t}
	return e.put(p, text, out, maxDepth)
}

// follow goes down a path, one member or index after the other.
func (t *Table) follow(p part, path string) (part, error) {
	for path != "" {
		var err error
		if inner, ok := strings.CutPrefix(path, "["); ok {
			index, rest, closed := strings.Cut(inner, "]")
			if !closed {
				return p, fmt.Errorf("%q has no closing bracket", path)
			}
			if p, err = t.element(p, index); err != nil {
				return p, err
			}
			path = rest
			continue
		}
		name, ok := strings.CutPrefix(path, ".")
		if !ok {
			return p, fmt.Errorf("%q is neither .member nor [index]", path)
		}
		path = ""
		if i := strings.IndexAny(name, ".["); i >= 0 {
			name, path = name[:i], name[i:]
		}
		if p, err = t.member(p, name); err != nil {
			return p, err
		}
	}
	return p, nil
}

func (t *Table) element(p part, index string) (part, error) {
	ty, err := t.Strip(p.id)
	if err != nil {
		return p, err
	}
	a := ty.Array()
	i, err := strconv.ParseUint(index, 0, 32)
	switch {
	case ty.Kind != Array:
		return p, fmt.Errorf("%s has no elements", t.CName(p.id))
	case err != nil:
		return p, fmt.Errorf("index %q is not a number", index)
	case i >= uint64(a.Nelems):
		return p, fmt.Errorf("index %d is outside of %s", i, t.CName(p.id))
	}
	size, err := t.Sizeof(a.Elem)
	return part{id: a.Elem, at: p.at + i*uint64(size)*8}, err
}

// member is the member of a struct or union, or of one without a name in it.
func (t *Table) member(p part, name string) (part, error) {
	seen := 0
	found, err := t.search(p, name, &seen, maxDepth)
	if err == nil && found == nil {
		err = fmt.Errorf("%s has no member %q", t.CName(p.id), name)
	}
	if err != nil {
		return p, err
	}
	size, err := t.Sizeof(found.id)
	if err != nil {
		return p, fmt.Errorf("member %q: %w", name, err)
	}
	if found.width > uint64(size)*8 || found.width == 0 && found.at%8 != 0 {
		return p, fmt.Errorf("member %q of %s is a bit field that its type cannot hold", name, t.CName(p.id))
	}
	return *found, nil
}

func (t *Table) search(p part, name string, seen *int, depth int) (*part, error) {
	ty, err := t.Strip(p.id)
	if err != nil {
		return nil, err
	}
	if depth == 0 {
		return nil, ErrCycle
	}
	for i := range ty.Vlen {
		if *seen++; *seen > maxMembersSeen {
			return nil, errors.New("there are too many members to look for one")
		}
		m := ty.Member(i)
		at := t.memberPart(p, m)
		switch {
		case name != "" && m.Name() == name:
			return &at, nil
		case m.Name() == "" && m.BitSize == 0:
			if found, err := t.search(at, name, seen, depth-1); found != nil || err != nil {
				return found, err
			}
		}
	}
	return nil, nil
}

// memberPart places a member of p. Compilers before BTF's kind flag gave bit
// fields an INT of their width.
func (t *Table) memberPart(p part, m Member) part {
	at := part{id: m.Type, at: p.at + uint64(m.BitOffset), width: uint64(m.BitSize)}
	ty, err := t.Strip(m.Type)
	if n := ty.Int(); err == nil && ty.Kind == Int && at.width == 0 && uint64(n.Bits) < uint64(ty.Size())*8 {
		at.at, at.width = at.at+uint64(n.Offset), uint64(n.Bits)
	}
	return at
}

// bytes are those of a part that is no bit field.
func (p part) bytes(t *Table, out []byte) ([]byte, error) {
	size, err := t.Sizeof(p.id)
	if err != nil {
		return nil, err
	}
	at := p.at / 8
	if at > uint64(len(out)) || uint64(size) > uint64(len(out))-at {
		return nil, errOutside
	}
	return out[at:][:size], nil
}

var errOutside = errors.New("does not lie in the whole")

// put writes a part into the bytes of the whole, which are 0 there unless a path
// led to it.
func (e encoder) put(p part, text string, out []byte, depth int) error {
	if p.width == 0 {
		b, err := p.bytes(e.Table, out)
		if err != nil {
			return err
		}
		clear(b)
		return e.value(p.id, text, b, depth)
	}
	size, err := e.Sizeof(p.id)
	if err != nil {
		return err
	}
	if p.at > uint64(len(out))*8 || p.width > uint64(len(out))*8-p.at || size > 16 {
		return errOutside
	}
	b := make([]byte, size)
	if err := e.value(p.id, text, b, depth); err != nil {
		return err
	}
	n := e.number(b, e.signed(p.id))
	if !fits(n, uint(p.width), e.signed(p.id)) {
		return fmt.Errorf("value %s does not fit %d bits of %s", strings.TrimSpace(text), p.width, e.CName(p.id))
	}
	setBits(e.order, out, p.at, p.width, n)
	return nil
}

// signed tells whether numbers of the type have a sign.
func (t *Table) signed(id ID) bool {
	ty, err := t.Strip(id)
	return err == nil && (ty.Kind == Int && ty.Int().Encoding&IntSigned != 0 || (ty.Kind == Enum || ty.Kind == Enum64) && ty.KindFlag)
}

// fits tells whether n is a number of so many bits in two's complement.
func fits(n *big.Int, bits uint, signed bool) bool {
	if !signed {
		return n.Sign() >= 0 && uint(n.BitLen()) <= bits
	}
	if n.Sign() < 0 {
		n = new(big.Int).Not(n)
	}
	return uint(n.BitLen()) < bits
}

// bit is where bit i of a bit field of that width at bit at lies: fields fill
// bytes from the lowest bit on in little endian, from the highest in big endian.
func bit(order binary.ByteOrder, at, width, i uint64) (byteAt uint64, mask byte) {
	if order.Uint16([]byte{1, 0}) == 1 {
		return (at + i) / 8, 1 << ((at + i) % 8)
	}
	k := at + width - 1 - i
	return k / 8, 0x80 >> (k % 8)
}

func setBits(order binary.ByteOrder, out []byte, at, width uint64, n *big.Int) {
	if n.Sign() < 0 {
		n = new(big.Int).Add(n, new(big.Int).Lsh(big.NewInt(1), uint(width)))
	}
	for i := range width {
		k, mask := bit(order, at, width, i)
		out[k] &^= mask
		if n.Bit(int(i)) != 0 {
			out[k] |= mask
		}
	}
}

// getBits is the number in a bit field; its bits must lie in b.
func getBits(order binary.ByteOrder, b []byte, at, width uint64, signed bool) *big.Int {
	n := new(big.Int)
	for i := range width {
		if k, mask := bit(order, at, width, i); b[k]&mask != 0 {
			n.SetBit(n, int(i), 1)
		}
	}
	if signed && width > 0 && n.Bit(int(width-1)) != 0 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(width)))
	}
	return n
}
