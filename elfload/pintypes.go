package elfload

import (
	"fmt"

	"github.com/bpfload/bpfload/internal/bpfsys"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

func (host) BTFBytes(id uint32) ([]byte, error) { return bpfsys.BTFBytes(id) }

// pinnedTypes are the types that a pinned map was made with; nil where it has
// none, or, with a warning and an error, where the kernel does not show them.
func (l *loader) pinnedTypes(m *PlannedMap, info bpfsys.MapInfo) (*rawbtf.Table, error) {
	if info.BTFID == 0 || l.plan.btf == nil || m.StructOps != nil {
		return nil, nil
	}
	raw, err := l.k.BTFBytes(info.BTFID)
	var types *rawbtf.Table
	if err == nil {
		types, err = rawbtf.Parse(raw, hostOrder)
	}
	if err != nil {
		l.warn(Warning{Code: "pin_types_unknown", Map: m.Name, Section: m.Section,
			Message: fmt.Sprintf("the fields of the map pinned at %q are not compared: %v", m.PinPath, err)})
		return nil, err
	}
	return types, nil
}

// typeField is one member of a type, those of inner structs included. Path is
// like C's; Offset and Size are in bits.
type typeField struct {
	path         string
	offset, size uint64
}

func (f typeField) String() string {
	if f.offset%8 != 0 || f.size%8 != 0 {
		return fmt.Sprintf("%d bits at bit %d", f.size, f.offset)
	}
	return fmt.Sprintf("%d bytes at %d", f.size/8, f.offset/8)
}

// fieldDifferences tells of fields that are not the same, in the definition's
// order, then of those that only the older map has.
func fieldDifferences(part string, have, want []typeField) []FieldDiff {
	index := func(fields []typeField) map[string]typeField {
		at := make(map[string]typeField, len(fields))
		for _, f := range fields {
			at[f.path] = f
		}
		return at
	}
	var out []FieldDiff
	add := func(path, old, new string) {
		out = append(out, FieldDiff{Field: part + "." + path, Old: old, New: new})
	}
	old, new := index(have), index(want)
	for _, f := range want {
		if h, ok := old[f.path]; !ok {
			add(f.path, "", f.String())
		} else if h != f {
			add(f.path, h.String(), f.String())
		}
	}
	for _, f := range have {
		if _, ok := new[f.path]; !ok {
			add(f.path, f.String(), "")
		}
	}
	return out
}

// maxTypeFields bounds how many fields of one type are compared: arrays within
// arrays are told once, but structs within structs could grow without end.
const maxTypeFields = 1 << 14

// fieldsOf lists the members of a struct, union or section, and what is in
// them; nothing for other types, whose size is all there is.
func fieldsOf(t *rawbtf.Table, id rawbtf.ID) []typeField {
	w := &fieldWalk{t: t}
	w.inside("", id, 0, 32)
	return w.out
}

type fieldWalk struct {
	t   *rawbtf.Table
	out []typeField
}

// inside adds what is in a value of the type at offset.
func (w *fieldWalk) inside(path string, id rawbtf.ID, offset uint64, depth int) {
	ty, err := w.t.Strip(id)
	if err != nil || depth == 0 {
		return
	}
	switch ty.Kind {
	case rawbtf.Struct, rawbtf.Union:
		for i := range ty.Vlen {
			m := ty.Member(i)
			at := offset + uint64(m.BitOffset)
			if m.Name() == "" && m.BitSize == 0 {
				w.inside(path, m.Type, at, depth-1)
				continue
			}
			w.add(path, m.Name(), m.Type, at, uint64(m.BitSize), depth)
		}
	case rawbtf.Array:
		w.inside(path+"[]", ty.Array().Elem, offset, depth-1)
	case rawbtf.Datasec:
		vars, _ := ty.Variables()
		for _, v := range vars {
			w.add(path, v.Name, v.Type, offset+8*uint64(v.Offset), 8*uint64(v.Size), depth)
		}
	}
}

// add adds one member, and what is in it. size 0 means the type's.
func (w *fieldWalk) add(path, name string, id rawbtf.ID, at, size uint64, depth int) {
	if len(w.out) >= maxTypeFields {
		return
	}
	if path != "" {
		name = path + "." + name
	}
	if size == 0 {
		bytes, _ := w.t.Sizeof(id) // 0 for a flexible array
		size = 8 * uint64(bytes)
	}
	w.out = append(w.out, typeField{name, at, size})
	w.inside(name, id, at, depth-1)
}
