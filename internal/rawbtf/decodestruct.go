package rawbtf

import "strings"

// Limits of the text of a struct: of its members and of the bytes of its text.
const (
	maxStructMembers = 256
	maxStructText    = 4096
)

// structText collects the members of one struct and of all that it holds.
type structText struct {
	*Table
	members int // seen so far
}

// decodeStruct is false for what the text would not give again.
func (t *Table) decodeStruct(id ID, b []byte) (string, bool) {
	s := structText{Table: t}
	text, ok := s.text(id, b, maxDepth)
	if !ok {
		return "", false
	}
	again, err := t.EncodeText(id, text) // padding, unions, members without a name
	return text, err == nil && string(again) == string(b)
}

func (s *structText) text(id ID, b []byte, depth int) (string, bool) {
	var out strings.Builder
	out.WriteByte('{')
	if !s.list(part{id: id}, b, &out, depth) {
		return "", false
	}
	out.WriteByte('}')
	return out.String(), true
}

// list writes the members of a struct, those of structs without a name among
// them. Of a union without a name it takes the first that is as large.
func (s *structText) list(p part, b []byte, out *strings.Builder, depth int) bool {
	ty, err := s.Strip(p.id)
	if err != nil || depth == 0 {
		return false
	}
	for i := range ty.Vlen {
		if s.members++; s.members > maxStructMembers || out.Len() > maxStructText {
			return false
		}
		m := ty.Member(i)
		at := s.memberPart(p, m)
		if size, err := s.Sizeof(at.id); ty.Kind == Union && (err != nil || size != ty.Size()) {
			continue
		}
		if m.Name() == "" {
			if !s.list(at, b, out, depth-1) {
				return false
			}
		} else if !s.one(m.Name(), at, b, out, depth) {
			return false
		}
		if ty.Kind == Union {
			return true
		}
	}
	return true
}

func (s *structText) one(name string, p part, b []byte, out *strings.Builder, depth int) bool {
	value := b
	if p.width != 0 {
		size, err := s.Sizeof(p.id)
		if err != nil || size > 16 || p.width > uint64(size)*8 || p.at > uint64(len(b))*8 || p.width > uint64(len(b))*8-p.at {
			return false
		}
		value = make([]byte, size)
		wide := uint64(size) * 8
		setBits(s.order, value, 0, wide, getBits(s.order, b, p.at, p.width, s.signed(p.id)))
	} else if inside, err := p.bytes(s.Table, b); err == nil {
		value = inside
	} else {
		return false
	}
	text, ok := s.value(p.id, value, depth-1)
	if !ok {
		text = hexText(value)
	}
	if out.Len() > 1 {
		out.WriteString(", ")
	}
	out.WriteString("." + name + " = " + text)
	return true
}

func (s *structText) value(id ID, b []byte, depth int) (string, bool) {
	if ty, err := s.Strip(id); err == nil && ty.Kind == Struct {
		return s.text(id, b, depth)
	}
	return s.decode(id, b, depth)
}
