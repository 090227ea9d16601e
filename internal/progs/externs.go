package progs

import (
	"debug/elf"

	"github.com/bpfload/bpfload/internal/mapdef"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

// externType is where BTF declares an extern.
type externType struct {
	datasec string
	id      rawbtf.ID
}

// externTypes is by the extern's name.
type externTypes map[string]externType

// findExterns reads the DATASECs that declare externs, if the object has any.
func findExterns(f *mapdef.File) externTypes {
	any := false
	for i := range f.Symbols {
		any = any || isExtern(&f.Symbols[i])
	}
	if !any || f.BTF == nil {
		return nil
	}
	out := make(externTypes)
	for _, name := range []string{".kconfig", ".ksyms"} {
		sec, ok := f.BTF.Find(rawbtf.Datasec, name)
		if !ok {
			continue
		}
		for i := range sec.Vlen {
			v := f.BTF.Type(sec.SecInfo(i).Var)
			if _, known := out[v.Name()]; !known && (v.Kind == rawbtf.Var || v.Kind == rawbtf.Func) {
				out[v.Name()] = externType{name, v.ID}
			}
		}
	}
	return out
}

func isWeak(sym *mapdef.Symbol) bool { return sym.Bind == elf.STB_WEAK }
