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

// ExternsToMap makes references to the value of map m out of the references to
// externs of one DATASEC, which stay in Externs. place gives the offset in bytes
// in the map's value of what an instruction with that addend refers to; the
// first error ends it, and then the code is of no use.
func (c *Code) ExternsToMap(datasec string, m int, place func(e *ExternRef, addend int32) (uint32, error)) error {
	p := insns{c.Insns, c.Order}
	for i := range c.Externs {
		e := &c.Externs[i]
		if e.Datasec != datasec {
			continue
		}
		off, err := place(e, p.imm(e.Insn))
		if err != nil {
			return err
		}
		c.Maps = append(c.Maps, MapRef{Insn: e.Insn, Map: m, Value: true, Offset: off})
	}
	c.sorted()
	return nil
}

// Imm is the immediate of the instruction at that slot, as in the file.
func (c *Code) Imm(insn int) int32 { return insns{c.Insns, c.Order}.imm(insn) }
