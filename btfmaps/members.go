package btfmaps

import (
	"errors"
	"strings"

	"github.com/bpfload/bpfload/internal/mapdef"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

// memberRow is one member that a definition may have.
type memberRow struct {
	name string
	read func(r *reader) error
}

// memberRows is the grammar (spec R56). Members are read in order of declaration,
// not in this one.
var memberRows = [...]memberRow{
	{"type", (*reader).mapType},
	{"max_entries", (*reader).maxEntries},
	{"map_flags", (*reader).mapFlags},
	{"numa_node", (*reader).numaNode},
	{"key_size", (*reader).keySizeOnly},
	{"key", (*reader).key},
	{"value_size", (*reader).valueSizeOnly},
	{"value", (*reader).value},
	{"values", (*reader).values},
	{"pinning", (*reader).pinning},
	{"map_extra", (*reader).mapExtra},
}

// known lists the names of the rows, for messages.
func (r *reader) known() string {
	names := make([]string, len(r.rows))
	for i := range r.rows {
		names[i] = r.rows[i].name
	}
	return strings.Join(names, ", ")
}

// Integer members: the last one of a name counts (spec R58).

func (r *reader) mapType() error    { return r.uint(&r.def.Type) }
func (r *reader) maxEntries() error { return r.uint(&r.def.MaxEntries) }
func (r *reader) mapFlags() error   { return r.uint(&r.def.Flags) }
func (r *reader) numaNode() error   { return r.uint(&r.def.NumaNode) }

// uint reads `__uint(name, n)`: a pointer, maybe behind typedefs and qualifiers, to
// an array of n elements directly (spec R51).
func (r *reader) uint(dst *uint32) error {
	ty, err := r.btf.Strip(r.member.Type)
	if err != nil {
		return r.failMember("bad_member", "has a type that cannot be read: %w", err)
	}
	n, ok := r.arrayLen(ty)
	if !ok {
		return r.failMember("bad_member", "is %s, not a pointer to an array, as __uint makes", r.btf.CName(r.member.Type))
	}
	*dst = n
	return nil
}

// arrayLen is the element count of the array that ty points to.
func (r *reader) arrayLen(ty rawbtf.Type) (uint32, bool) {
	if ty.Kind != rawbtf.Ptr {
		return 0, false
	}
	array := r.btf.Type(ty.Ref())
	return array.Array().Nelems, array.Kind == rawbtf.Array
}

// mapExtra reads `__ulong(map_extra, n)`, an enum of one enumerator, or `__uint`
// (spec R53), by the enum's own signedness (D2).
func (r *reader) mapExtra() error {
	ty, err := r.btf.Strip(r.member.Type)
	if err != nil {
		return r.failMember("bad_member", "has a type that cannot be read: %w", err)
	}
	if n, ok := r.arrayLen(ty); ok {
		r.def.Extra = uint64(n)
		return nil
	}
	switch {
	case ty.Kind != rawbtf.Enum && ty.Kind != rawbtf.Enum64:
		return r.failMember("bad_member", "is %s, neither an enum, as __ulong makes, nor a pointer to an array", r.btf.CName(r.member.Type))
	case ty.Vlen != 1:
		return r.failMember("bad_member", "is an enum of %d enumerators instead of one", ty.Vlen)
	case ty.Kind == rawbtf.Enum && ty.Size() == 8: // D3
		e := r.at.fail("truncated_enum", errors.New("member \"map_extra\" has 64 bits, of which the compiler kept 32"))
		e.Hint = "recompile with a newer clang (15 or later)"
		return e
	}
	r.def.Extra = ty.Enumerator(0).Value
	return nil
}

func (r *reader) keySizeOnly() error   { return r.sizeOnly(&r.def.KeySize, &r.keySize) }
func (r *reader) valueSizeOnly() error { return r.sizeOnly(&r.def.ValueSize, &r.valueSize) }

func (r *reader) sizeOnly(dst *uint32, seen *bool) error {
	var size uint32
	if err := r.uint(&size); err != nil {
		return err
	}
	return r.setSize(dst, seen, size)
}

// setSize refuses a size that contradicts an earlier one. An earlier 0 says
// nothing (spec R62, R63).
func (r *reader) setSize(dst *uint32, seen *bool, size uint32) error {
	if *seen && *dst != size {
		return r.failMember("size_conflict", "says %d bytes, but an earlier member said %d", size, *dst)
	}
	*dst, *seen = size, size != 0
	return nil
}

func (r *reader) key() error   { return r.typed(&r.def.KeySize, &r.keySize, &r.def.KeyType) }
func (r *reader) value() error { return r.typed(&r.def.ValueSize, &r.valueSize, &r.def.ValueType) }

// typed reads `__type(name, T)`: a pointer, with nothing before it, to a type
// that has a size (spec R59, R60). The id is kept as written (R61).
func (r *reader) typed(dst *uint32, seen *bool, id *rawbtf.ID) error {
	ty := r.btf.Type(r.member.Type)
	if ty.Kind != rawbtf.Ptr {
		return r.failMember("bad_member", "is %s, not a plain pointer, as __type makes", r.btf.CName(r.member.Type))
	}
	size, err := r.btf.Sizeof(ty.Ref())
	if err != nil {
		return r.failMember("bad_type", "cannot be %s: %w", r.btf.CName(ty.Ref()), err)
	}
	if err := r.setSize(dst, seen, size); err != nil {
		return err
	}
	*id = ty.Ref()
	return nil
}

// pinning reads 0 (none) or 1 (by name); an inner map cannot ask for it (spec R64).
func (r *reader) pinning() error {
	if r.inner {
		return r.failMember("inner_pinning", "is not allowed")
	}
	var n uint32
	if err := r.uint(&n); err != nil {
		return err
	}
	if n > uint32(mapdef.PinByName) {
		return r.failMember("bad_pinning", "is %d; 0 (none) and 1 (by name) exist", n)
	}
	r.def.Pinning = mapdef.Pinning(n)
	return nil
}

// values reads `__array(values, T)`; the order of the checks is the specification's (R68 to R74).
func (r *reader) values() error {
	d := r.def
	switch {
	case r.inner:
		return r.failMember("nested_values", "is not allowed: maps nest one level deep")
	case !r.last:
		return r.failMember("values_not_last", "is not the last one")
	case d.Type != typeArrayOfMaps && d.Type != typeHashOfMaps && d.Type != typeProgArray:
		return r.failMember("values_type", "is for maps of maps and program arrays, and this map has type %d so far", d.Type)
	case d.ValueSize != 0 && d.ValueSize != 4:
		return r.failMember("size_conflict", "needs a value size of 4, but an earlier member said %d", d.ValueSize)
	case r.member.BitSize != 0 || r.member.BitOffset%8 != 0:
		return r.failMember("bad_member", "is a bit field")
	case uint64(r.member.BitOffset/8) > r.at.size:
		return r.failMember("out_of_section", "begins behind the definition's end")
	}
	d.ValueSize = 4
	array := r.btf.Type(r.member.Type)
	if array.Kind != rawbtf.Array || array.Array().Nelems != 0 {
		return r.failMember("bad_member", "is %s, not an array without size, as __array makes", r.btf.CName(r.member.Type))
	}
	elem, err := r.btf.Strip(array.Array().Elem)
	if err != nil || elem.Kind != rawbtf.Ptr {
		return r.failMember("bad_member", "has elements of type %s, not pointers", r.btf.CName(array.Array().Elem))
	}
	if err := r.element(elem.Ref()); err != nil {
		return err
	}
	d.Values = mapdef.At(r.at.offset + uint64(r.member.BitOffset/8))
	return nil
}

// element reads what the elements of values point to: a function, or the inner
// definition (spec R73, R74).
func (r *reader) element(id rawbtf.ID) error {
	ty, err := r.btf.Strip(id)
	want := rawbtf.Struct
	if r.def.Type == typeProgArray {
		want = rawbtf.FuncProto
	}
	if err != nil || ty.Kind != want {
		what := "a map definition"
		if want == rawbtf.FuncProto {
			what = "a function"
		}
		return r.failMember("bad_member", "points to %s, not to %s", r.btf.CName(id), what)
	}
	if want == rawbtf.FuncProto {
		return nil
	}
	inner := &mapdef.Def{
		Name: r.def.Name + ".inner", Section: r.def.Section, SectionIndex: r.def.SectionIndex,
		Offset: r.def.Offset, Size: uint64(ty.Size()), Static: r.def.Static,
		Dialect: mapdef.DialectBTF, Evidence: "BTF member values", InnerMap: mapdef.NoMap,
	}
	in := &reader{parser: r.parser, rows: r.rows, at: r.at, def: inner, inner: true}
	if err := in.members(ty); err != nil {
		return err
	}
	r.def.Inner = inner
	return nil
}
