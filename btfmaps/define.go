package btfmaps

import (
	"fmt"
	"slices"

	"github.com/bpfload/bpfload/internal/mapdef"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

// Map types whose sizes are no choice (enum bpf_map_type, include/uapi/linux/bpf.h).
const (
	typeProgArray      = 3
	typePerfEventArray = 4
	typeArrayOfMaps    = 12
	typeHashOfMaps     = 13
	typeRingbuf        = 27
	typeUserRingbuf    = 31
)

// fixedSize is a type for which the kernel allows one key and value size, in bytes.
type fixedSize struct {
	mapType    uint32
	key, value uint32
	what       string
}

var fixedSizes = [...]fixedSize{
	{typePerfEventArray, 4, 4, "a perf event array"},
	{typeRingbuf, 0, 0, "a ring buffer"},
	{typeUserRingbuf, 0, 0, "a user ring buffer"},
}

// maxMembers bounds the work for one definition; there are eleven to have.
const maxMembers = 64

// define reads the definition at r.at into r.def.
func (r *reader) define() error {
	at := r.at
	*r.def = mapdef.Def{
		Name: at.Name, Aliases: at.aliases,
		Section: at.section.Name, SectionIndex: at.section.Index, Offset: at.offset, Size: at.size,
		Static: at.static(), Dialect: mapdef.DialectBTF,
		Evidence: "BTF variable in DATASEC .maps", InnerMap: mapdef.NoMap,
	}
	ty, err := r.btf.Strip(at.Type)
	if err != nil {
		return at.fail("bad_btf", fmt.Errorf("type of the variable: %w", err))
	}
	if ty.Kind != rawbtf.Struct { // spec R45
		return at.fail("not_a_struct", fmt.Errorf("map variable is a %s, not a struct", r.btf.CName(at.Type)))
	}
	if uint64(ty.Size()) > at.size { // spec R46
		return at.fail("out_of_section", fmt.Errorf("definition has %d bytes, but the variable's type %d", at.size, ty.Size()))
	}
	return r.members(ty)
}

// reader reads the members of one definition struct.
type reader struct {
	*parser
	rows  []memberRow
	at    *place
	def   *mapdef.Def
	inner bool // the definition is the inner one of a map of maps
	// keySize and valueSize tell that a size other than 0 has been read (spec R62).
	keySize, valueSize bool
	member             rawbtf.Member
	last               bool // member is the last one
}

// members reads all members in order of declaration.
func (r *reader) members(ty rawbtf.Type) error {
	if ty.Vlen > maxMembers {
		return r.fail("too_many_members", "definition has %d members", ty.Vlen)
	}
	for i := range ty.Vlen {
		r.member, r.last = ty.Member(i), i == ty.Vlen-1
		if err := r.one(); err != nil {
			return err
		}
	}
	if r.def.Type == 0 { // spec R65
		return r.fail("no_type", "definition has no type")
	}
	r.fixSizes()
	return nil
}

func (r *reader) one() error {
	name := r.member.Name()
	for i := range r.rows {
		if r.rows[i].name == name {
			return r.rows[i].read(r)
		}
	}
	return r.fail("unknown_member", "member %q is not known; known are %s", name, r.known()) // spec R56, R57
}

// fixSizes gives the sizes that the kernel insists on.
func (r *reader) fixSizes() {
	d := r.def
	i := slices.IndexFunc(fixedSizes[:], func(f fixedSize) bool { return f.mapType == d.Type })
	if i < 0 {
		return
	}
	row := &fixedSizes[i]
	r.fixSize("key", &d.KeySize, &d.KeyType, row.key, row.what)
	r.fixSize("value", &d.ValueSize, &d.ValueType, row.value, row.what)
}

// fixSize overrules one size, and drops the type that has another.
func (r *reader) fixSize(field string, size, id *uint32, fixed uint32, what string) {
	if *size == fixed && *id == 0 {
		return
	}
	if *size != 0 && *size != fixed {
		r.warnings = append(r.warnings, mapdef.Warning{
			Code: "fixed_size", Map: r.def.Name, Section: sectionName, Offset: mapdef.At(r.at.offset),
			Message: fmt.Sprintf("%s size %d of %q is not used: %s has %d", field, *size, r.def.Name, what, fixed),
		})
	}
	if *size != fixed || fixed == 0 {
		*id = 0
	}
	*size = fixed
}

// fail makes an error with the place of the definition. What is wrong in an
// inner definition says so, the place being the outer one's.
func (r *reader) fail(code, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	if r.inner {
		err = fmt.Errorf("inner definition: %w", err)
	}
	return r.at.fail(code, err)
}

// failMember is fail with the name of the current member.
func (r *reader) failMember(code, format string, args ...any) error {
	return r.fail(code, "member %q %w", r.member.Name(), fmt.Errorf(format, args...))
}
