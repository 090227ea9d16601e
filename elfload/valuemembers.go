package elfload

import (
	"github.com/bpfload/bpfload/internal/bpfsys"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

// valueMember is one named member of a struct, or variable of a section.
type valueMember struct {
	name string
	copyPlace
	// bits and bitAt are set for bit fields: how wide, and where in the value.
	bits, bitAt uint32
}

// maxMembers bounds how many members of one struct are looked at: anonymous
// structs may nest as a graph.
const maxMembers = 1 << 12

// membersAt lists the members of a struct at an offset in bytes, those of
// anonymous structs among them. An anonymous union goes by its first member.
func membersAt(t *rawbtf.Table, ty rawbtf.Type, at uint32, depth int) []valueMember {
	var out []valueMember
	for i := range ty.Vlen {
		m := ty.Member(i)
		v := valueMember{name: m.Name(), copyPlace: copyPlace{m.Type, at + m.BitOffset/8}, bits: m.BitSize}
		if m.BitSize != 0 {
			v.bitAt = 8*at + m.BitOffset
		}
		if v.name == "" {
			inner, err := t.Strip(m.Type)
			if err != nil || depth == 0 || m.BitSize != 0 {
				continue // padding
			}
			fields := membersAt(t, inner, v.at, depth-1)
			if inner.Kind == rawbtf.Struct {
				out = append(out, fields...)
			}
			if inner.Kind != rawbtf.Union || len(fields) == 0 {
				continue
			}
			v.name = fields[0].name
		}
		if out = append(out, v); len(out) > maxMembers {
			return out[:maxMembers]
		}
	}
	return out
}

// memberByName finds the only member of that name; ok is false for none, and
// for several.
func memberByName(all []valueMember, name string) (found valueMember, ok bool) {
	for _, m := range all {
		if m.name == name {
			if ok {
				return m, false
			}
			found, ok = m, true
		}
	}
	return found, ok
}

// members copies each member of a struct to where the other has it.
func (p *copyPlan) members(path string, old, new []valueMember, depth int) error {
	at := indexMembers(new)
	for _, m := range old {
		full := m.name
		if path != "" {
			full = path + "." + m.name
		}
		i, ok := at[m.name]
		if !ok {
			return memberError(full, "is no more: what is in it would be lost")
		}
		if err := p.member(full, m, new[i], depth); err != nil {
			return err
		}
	}
	return nil
}

// indexMembers finds members by name, the first of each.
func indexMembers(all []valueMember) map[string]int {
	at := make(map[string]int, len(all))
	for i, m := range all {
		if _, ok := at[m.name]; !ok {
			at[m.name] = i
		}
	}
	return at
}

func (p *copyPlan) member(path string, old, new valueMember, depth int) error {
	switch {
	case old.bits != new.bits:
		return memberError(path, "is a bit field of %d bits and had %d (0: none)", new.bits, old.bits)
	case old.bits != 0:
		return p.add(copyOp{from: old.bitAt, to: new.bitAt, size: old.bits, kind: copyBits})
	}
	return p.copy(path, old.copyPlace, new.copyPlace, depth-1)
}

// variables copies each variable of a data section. Those that are no more, or
// whose name is not theirs alone (static ones of functions), are dropped.
func (p *copyPlan) variables(a, b rawbtf.Type, depth int) error {
	list := func(ty rawbtf.Type) []valueMember {
		var out []valueMember
		vars, _ := ty.Variables()
		for _, v := range vars {
			out = append(out, valueMember{name: v.Name, copyPlace: copyPlace{v.Type, v.Offset}})
		}
		return out
	}
	old, new := list(a), list(b)
	if len(old) > maxMembers || len(new) > maxMembers {
		return memberError("", "has too many variables")
	}
	for _, v := range old {
		_, alone := memberByName(old, v.name)
		to, ok := memberByName(new, v.name)
		if !alone || !ok {
			p.dropped = append(p.dropped, v.name)
			continue
		}
		if err := p.member(v.name, v, to, depth); err != nil {
			return err
		}
	}
	return nil
}

// apply makes the new value of one CPU, or of a map that has one value per key.
// to begins as what the new members have.
func (c *valueCopy) apply(from, to []byte) {
	if c.same {
		copy(to, from[:c.oldSize])
		return
	}
	for _, op := range c.ops {
		switch op.kind {
		case copyBytes:
			copy(to[op.to:op.to+op.size], from[op.from:])
		case copyBits:
			for i := range op.size {
				setBit(to, op.to+i, bit(from, op.from+i))
			}
		default:
			op.widen(from, to)
		}
	}
}

// bitMask is a bit's place in its byte: BTF counts from the least significant
// bit on little-endian machines and from the most significant on others.
func bitMask(i uint32) byte {
	if littleEndian {
		return 1 << (i % 8)
	}
	return 0x80 >> (i % 8)
}

var littleEndian = hostOrder.Uint16([]byte{1, 0}) == 1

func bit(b []byte, i uint32) bool { return b[i/8]&bitMask(i) != 0 }

func setBit(b []byte, i uint32, on bool) {
	if on {
		b[i/8] |= bitMask(i)
	} else {
		b[i/8] &^= bitMask(i)
	}
}

// widen copies a whole number into a wider one.
func (op *copyOp) widen(from, to []byte) {
	var n uint64
	src := from[op.from : op.from+op.size]
	for i := range src {
		b := src[len(src)-1-i]
		if !littleEndian {
			b = src[i]
		}
		n = n<<8 | uint64(b)
	}
	if op.kind == copySigned {
		shift := 64 - 8*op.size
		n = uint64(int64(n<<shift) >> shift)
	}
	dst := to[op.to : op.to+op.newSize]
	for i := range dst {
		at := i
		if !littleEndian {
			at = len(dst) - 1 - i
		}
		dst[at] = byte(n >> (8 * i))
	}
}

// bytesOf is the size of an element's value as user space reads it: per-CPU
// maps have one value per CPU, each at a multiple of 8.
func bytesOf(s *mapShape, cpus int) int {
	return int(bpfsys.ValueBytes(s.typ, s.valueSize, cpus))
}
