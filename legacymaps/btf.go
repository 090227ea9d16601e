package legacymaps

import (
	"strings"

	"github.com/bpfload/bpfload/internal/rawbtf"
)

// maxWrap bounds the way down Rust's wrapper structs (L112).
const maxWrap = 8

// structInfo is what BTF says of one definition's struct.
type structInfo struct {
	name   string
	layout layout
	// array is the number of definitions where the variable is an array (L22), else 0.
	array uint32
}

// varIndex finds the variables of definition sections by name. Its maps are
// looked up, never walked.
type varIndex struct {
	t        *rawbtf.Table
	datasecs map[string]rawbtf.Type
	all      map[string]rawbtf.Type // every VAR of the file, for sections without DATASEC
}

// indexVars goes once over the types; nil for a file without BTF.
func indexVars(t *rawbtf.Table) *varIndex {
	if t == nil {
		return nil
	}
	x := &varIndex{t, map[string]rawbtf.Type{}, map[string]rawbtf.Type{}}
	for id := 1; id < t.Len(); id++ {
		switch ty := t.Type(rawbtf.ID(id)); {
		case ty.Kind == rawbtf.Var:
			addVar(x.all, ty)
		case ty.Kind == rawbtf.Datasec && isSectionName(ty.Name()):
			if _, dup := x.datasecs[ty.Name()]; !dup {
				x.datasecs[ty.Name()] = ty
			}
		}
	}
	return x
}

// section gives the variables of one section: its DATASEC's where there is one,
// else all of the file.
func (x *varIndex) section(name string) map[string]rawbtf.Type {
	if x == nil {
		return nil
	}
	sec, ok := x.datasecs[name]
	if !ok {
		return x.all
	}
	vars := make(map[string]rawbtf.Type, sec.Vlen)
	for i := range sec.Vlen {
		addVar(vars, x.t.Type(sec.SecInfo(i).Var))
	}
	return vars
}

func addVar(vars map[string]rawbtf.Type, ty rawbtf.Type) {
	if ty.Kind != rawbtf.Var {
		return
	}
	if _, dup := vars[ty.Name()]; !dup {
		vars[ty.Name()] = ty
	}
}

// sizes gives elements whose symbols have no size the size of their variable's
// type (L112: BTF is a second source of sizes).
func (x *varIndex) sizes(section string, elems []element) {
	if x == nil || !allUnsized(elems) {
		return
	}
	vars := x.section(section)
	for i := range elems {
		e := &elems[i]
		if v, ok := vars[e.name]; ok {
			if n, err := x.t.Sizeof(v.ID); err == nil && n != 0 {
				e.size, e.sized = uint64(n), true
			}
		}
	}
}

// structOf finds the struct that a variable is made of, through qualifiers,
// typedefs and structs around it. ok is false where BTF does not tell.
func structOf(t *rawbtf.Table, v rawbtf.Type) (info structInfo, ok bool) {
	ty, err := t.Strip(v.Ref())
	if err == nil && ty.Kind == rawbtf.Array {
		info.array = ty.Array().Nelems
		ty, err = t.Strip(ty.Array().Elem)
	}
	if err != nil || ty.Kind != rawbtf.Struct {
		return info, false
	}
	r := structReader{t: t}
	if !r.add(ty, 0, maxWrap) || !r.hasType {
		return info, false
	}
	info.name = r.name
	info.layout = layout{name: "struct " + r.name, size: uint64(ty.Size()), fields: r.fields}
	return info, true
}

// structReader makes one flat layout of a struct and the structs in it: Rust
// wraps definitions, and C projects embed them in larger ones.
type structReader struct {
	t       *rawbtf.Table
	fields  []field
	name    string // of the struct that has the map type member
	hasType bool
	members int // seen so far, those of inner structs too
}

// maxMembers bounds the work for one definition: the longest known one has some 30.
const maxMembers = 1024

// add takes the members of a struct that begins shift bytes into the element.
func (r *structReader) add(ty rawbtf.Type, shift uint64, depth int) bool {
	if depth == 0 {
		return false
	}
	for i := range ty.Vlen {
		if r.members++; r.members > maxMembers {
			return false
		}
		m := ty.Member(i)
		fd := field{id: memberID(m.Name()), name: m.Name(), off: shift + uint64(m.BitOffset)/8}
		if fd.id == fUnknown && m.BitSize == 0 {
			if in, err := r.t.Strip(m.Type); err == nil && in.Kind == rawbtf.Struct {
				if !r.add(in, fd.off, depth-1) {
					return false
				}
				continue
			}
		}
		if !r.measure(&fd, m, shift) {
			return false
		}
		if fd.id == fType {
			r.hasType, r.name = true, ty.Name()
		}
		r.fields = append(r.fields, fd)
	}
	return true
}

// measure sets a field's width, or its bits; false for what has no size.
func (r *structReader) measure(fd *field, m rawbtf.Member, shift uint64) bool {
	if bit, ok := ignoreOnBit(m.Name()); ok {
		fd.id, fd.shift = fIgnoreOn, bit
	}
	if m.BitSize != 0 {
		fd.bitOff, fd.bits = shift*8+uint64(m.BitOffset), uint64(m.BitSize)
		return true
	}
	n, err := r.t.Sizeof(m.Type)
	fd.width = uint64(n)
	return err == nil
}

// memberID is the canonical field of a BTF member name, by the table of L112.
func memberID(name string) fieldID {
	for id := range fieldInfos {
		for _, m := range fieldInfos[id].members {
			if m == name {
				return fieldID(id)
			}
		}
	}
	for _, p := range [...]string{"pad", "_pad", "__pad", "unused", "dummy"} {
		if strings.HasPrefix(name, p) {
			return fIgnored
		}
	}
	return fUnknown
}

// ignoreOnBit gives the bit of byte 113 that an Android ignore_on_… member is.
func ignoreOnBit(name string) (uint8, bool) {
	for i, n := range ignoreOnNames {
		if name == "ignore_on_"+n {
			return uint8(i), true
		}
	}
	return 0, false
}

// has tells whether the struct has all of these members, by their own names.
func (s *structInfo) has(names ...string) bool {
	for _, n := range names {
		found := false
		for _, f := range s.layout.fields {
			found = found || f.name == n
		}
		if !found {
			return false
		}
	}
	return true
}
