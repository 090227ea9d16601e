package rawbtf

import (
	"fmt"
)

// Variable is one member of a DATASEC.
type Variable struct {
	Name string
	// Var is the VAR's id, Type the id of the type that it was declared with.
	Var, Type ID
	// Offset and Size in bytes, as the DATASEC says. Before an object is linked
	// clang writes 0 as the offset of everything that is not static.
	Offset, Size uint32
	// Linkage is one of LinkStatic, LinkGlobal and LinkExtern.
	Linkage int
}

// NotVarError tells of a member of a DATASEC that is not a VAR (spec R35).
// `.ksyms` has such members rightfully: its functions.
type NotVarError struct {
	Section string
	Index   int
	Kind    Kind
}

func (e *NotVarError) Error() string {
	return fmt.Sprintf("member %d of the BTF section %q is a %s instead of a variable", e.Index, e.Section, e.Kind)
}

// Variables lists the VARs of a DATASEC in its order; nil for other kinds. The
// error is a *NotVarError for the first member that is none; the list is
// complete without those.
func (ty Type) Variables() ([]Variable, error) {
	if ty.Kind != Datasec {
		return nil, nil
	}
	var err error
	vars := make([]Variable, 0, ty.Vlen) // the records stand in the file
	for i := range ty.Vlen {
		info := ty.SecInfo(i)
		v := ty.t.Type(info.Var)
		if v.Kind != Var {
			if err == nil {
				err = &NotVarError{Section: ty.Name(), Index: i, Kind: v.Kind}
			}
			continue
		}
		vars = append(vars, Variable{
			Name: v.Name(), Var: v.ID, Type: v.Ref(),
			Offset: info.Offset, Size: info.Size, Linkage: v.Linkage(),
		})
	}
	return vars, err
}

// Datasecs are all DATASECs of that name, in order of id. One is usual.
func (t *Table) Datasecs(name string) []Type {
	var all []Type
	for id := max(t.first, 1); uint64(id) < uint64(t.Len()); id++ {
		if ty := t.at(id, t.offsets[id-t.first]); ty.Kind == Datasec && ty.NameIs(name) {
			all = append(all, ty)
		}
	}
	return all
}
