package elfload

import (
	"debug/elf"

	"github.com/bpfload/bpfload/internal/rawbtf"
)

// Extern is a symbol that the object uses and does not define.
type Extern struct {
	Name string
	// Section is ".ksyms" or ".kconfig", "" where BTF does not tell.
	Section string
	// Type is the BTF type id as in the file, 0 when unknown.
	Type uint32
	Weak bool
}

// Externs are the object's undefined symbols in the order of the symbol table.
func (o *Object) Externs() []Extern {
	var out []Extern
	known := o.externTypes()
	for i := range o.file.Symbols {
		s := &o.file.Symbols[i]
		if i == 0 || s.Name == "" || s.Section != elf.SHN_UNDEF {
			continue
		}
		e := known[s.Name]
		e.Name, e.Weak = s.Name, s.Bind == elf.STB_WEAK
		out = append(out, e)
	}
	return out
}

// externTypes are the types and sections of externs by name, from BTF.
func (o *Object) externTypes() map[string]Extern {
	t := o.file.BTF
	if t == nil {
		return nil
	}
	out := make(map[string]Extern)
	for id := 1; id < t.Len(); id++ {
		ds := t.Type(rawbtf.ID(id))
		if ds.Kind != rawbtf.Datasec || (ds.Name() != ".ksyms" && ds.Name() != ".kconfig") {
			continue
		}
		for i := range ds.Vlen {
			if v := t.Type(ds.SecInfo(i).Var); v.Kind == rawbtf.Var || v.Kind == rawbtf.Func {
				out[v.Name()] = Extern{Section: ds.Name(), Type: v.Ref()}
			}
		}
	}
	return out
}
