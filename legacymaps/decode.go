package legacymaps

import (
	"encoding/binary"
	"math/bits"
	"strings"

	"github.com/bpfload/bpfload/internal/mapdef"
)

// record is one decoded definition.
type record struct {
	elem    *element
	dialect *dialect
	layout  *layout
	fields  []value // those that the element is long enough to hold, each id once
	tail    []byte
}

// value is what a field holds. There may be as many records as a file has room
// for, so that both are small.
type value struct {
	id   fieldID
	at   uint32 // where the last of its parts begins, in bytes from the definition's start
	num  uint64
	text string
}

// find is the value of a field; nil where the element is too short for it.
func (r *record) find(id fieldID) *value {
	for i := range r.fields {
		if r.fields[i].id == id {
			return &r.fields[i]
		}
	}
	return nil
}

func (r *record) present(id fieldID) bool { return r.find(id) != nil }

// val is a field's number, 0 where it has none.
func (r *record) val(id fieldID) uint64 {
	if v := r.find(id); v != nil {
		return v.num
	}
	return 0
}

func (r *record) text(id fieldID) string {
	if v := r.find(id); v != nil {
		return v.text
	}
	return ""
}

// at is where a field stands, in bytes from the definition's start.
func (r *record) at(id fieldID) uint64 {
	if v := r.find(id); v != nil {
		return uint64(v.at)
	}
	return 0
}

// word is a four-byte field, at its full width for wider ones.
func (r *record) word(id fieldID) uint32 { return uint32(r.val(id)) }

// decode reads an element by one layout. With relaxed, bytes that the layout
// does not explain are kept instead of refused (L13, L14).
func decode(f *mapdef.File, e *element, d *dialect, l *layout, relaxed bool) (*record, error) {
	r := &record{elem: e, dialect: d, layout: l}
	if e.size < minElement {
		return nil, r.failf("element_size", 0, "definition has %d bytes, at least %d are needed", e.size, minElement)
	}
	if e.size%4 != 0 {
		return nil, r.failf("element_size", 0, "definition has %d bytes, which is not a multiple of 4", e.size)
	}
	for _, fd := range l.fields {
		if fd.bits == 0 && fd.off >= e.size || fd.bits != 0 && fd.bitOff/8 >= e.size {
			continue // L13: reads as zero
		}
		if err := r.read(f.Order, fd, relaxed); err != nil {
			return nil, err
		}
	}
	if e.size > l.size {
		r.tail = append(r.tail, e.data[l.size:]...)
		if err := r.checkTail(f.Order, relaxed); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// read takes one field.
func (r *record) read(order binary.ByteOrder, fd field, relaxed bool) error {
	if fd.bits != 0 {
		return r.readBits(order, fd)
	}
	b, ok := mapdef.Span(r.elem.data, fd.off, fd.width)
	if !ok {
		return r.failf("element_size", fd.off, "definition of %d bytes ends inside field %q", r.elem.size, fd)
	}
	switch {
	case fd.id == fIgnored:
		return nil
	case fd.id == fUnknown:
		if allZero(b) {
			return nil
		}
		if !relaxed {
			return r.failf("unknown_field", fd.off, "unknown non-zero field %q", fd)
		}
		r.tail = append(r.tail, b...)
		return nil
	case fieldInfos[fd.id].text:
		s, _, _ := strings.Cut(string(b), "\x00")
		r.set(fd, 0, s)
		return nil
	}
	v, ok := uintOf(order, b)
	if !ok {
		return r.failf("field_width", fd.off, "field %q has %d bytes, which no integer has", fd, fd.width)
	}
	if fd.id == fIgnoreOn && fd.width == 1 && order.Uint16([]byte{0, 1}) == 1 {
		v = uint64(bits.Reverse8(uint8(v))) // C lays bit fields out from the top there
	}
	if v>>32 != 0 && fd.id != fInnerMapDef && fd.id != fPersistentPath {
		return r.failf("field_range", fd.off, "field %q holds 0x%x, which is more than 32 bits", fd, v)
	}
	r.set(fd, v, "")
	return nil
}

func (r *record) set(fd field, num uint64, text string) {
	have := r.find(fd.id)
	if have == nil {
		if r.fields == nil {
			r.fields = make([]value, 0, len(r.layout.fields))
		}
		r.fields = append(r.fields, value{id: fd.id})
		have = &r.fields[len(r.fields)-1]
	}
	have.num |= num
	have.text, have.at = text, uint32(fd.off)
}

// readBits takes a bit field of at most 32 bits, numbered from the low bit of
// the first byte in little-endian files and from its high bit in others, as
// BTF does.
func (r *record) readBits(order binary.ByteOrder, fd field) error {
	if fd.bits > 32 || fd.bitOff > 8*r.elem.size || fd.bits > 8*r.elem.size-fd.bitOff {
		return r.failf("element_size", fd.off, "bit field %q is outside the definition", fd)
	}
	v := uint64(0)
	for i := range fd.bits {
		n := fd.bitOff + i
		if order == binary.ByteOrder(binary.BigEndian) {
			v = v<<1 | uint64(r.elem.data[n/8]>>(7-n%8)&1)
		} else {
			v |= uint64(r.elem.data[n/8]>>(n%8)&1) << i
		}
	}
	switch fd.id {
	case fIgnored:
	case fUnknown:
		if v != 0 {
			return r.failf("unknown_field", fd.off, "unknown non-zero field %q", fd)
		}
	default:
		r.set(fd, v<<fd.shift, "")
	}
	return nil
}

// uintOf reads an integer of 1, 2, 4 or 8 bytes.
func uintOf(order binary.ByteOrder, b []byte) (uint64, bool) {
	switch len(b) {
	case 1:
		return uint64(b[0]), true
	case 2:
		return uint64(order.Uint16(b)), true
	case 4:
		return uint64(order.Uint32(b)), true
	case 8:
		return order.Uint64(b), true
	}
	return 0, false
}

// checkTail holds L14: what follows the last field is zero.
func (r *record) checkTail(order binary.ByteOrder, relaxed bool) error {
	if allZero(r.tail) {
		r.tail = nil
	}
	if r.tail == nil || relaxed {
		return nil
	}
	at := r.layout.size &^ 3 // the word that holds the first byte
	for at+8 <= r.elem.size && allZero(r.elem.data[at:at+4]) {
		at += 4
	}
	err := r.failf("unknown_field", at, "unknown non-zero field: byte %d of %d holds 0x%x, and layout %s ends at %d",
		at, r.elem.size, order.Uint32(r.elem.data[at:]), r.layout.name, r.layout.size)
	err.Hint = "Name the object's own dialect with --dialect, or read relaxed."
	return err
}
