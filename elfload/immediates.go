package elfload

import (
	"debug/elf"
	"fmt"
	"slices"

	"github.com/bpfload/bpfload/internal/mapdef"
	"github.com/bpfload/bpfload/internal/progs"
	"github.com/bpfload/bpfload/internal/rawbtf"
	"github.com/bpfload/bpfload/legacymaps"
)

// This file is about references that become plain numbers in the instructions:
// constants that the host gives, asm("%0 = NAME ll" : "=r"(value)), which are
// symbols that nothing defines; and the variables of ir-keytable's decoders.

// constant is a symbol for which the host gives a number.
type constant struct {
	name  string
	value uint64
	set   bool // by the caller
}

// constants are the undefined symbols that may be such, in the order of the
// symbol table: those that BTF knows are variables or functions of another object,
// or the kernel's.
func (o *Object) constants() []constant {
	var out []constant
	for i := range o.file.Symbols {
		s := &o.file.Symbols[i]
		if s.Section == elf.SHN_UNDEF && s.Type == elf.STT_NOTYPE && s.Name != "" && s.Bind != elf.STB_LOCAL && !o.declares(s.Name) {
			out = append(out, constant{name: s.Name})
		}
	}
	return out
}

// declares tells whether BTF has a variable or function of that name.
func (o *Object) declares(name string) bool {
	t := o.file.BTF
	if t == nil {
		return false
	}
	_, isVar := t.Find(rawbtf.Var, name)
	_, isFunc := t.Find(rawbtf.Func, name)
	return isVar || isFunc
}

// Constants are the names of symbols that the object does not define and that BTF
// does not know, in the order of the symbol table. A Var gives such a one its
// value, an integer of 64 bits; without it the value is 0.
func (o *Object) Constants() []string {
	var names []string
	for _, c := range o.constants() {
		names = append(names, c.name)
	}
	return names
}

// setConstants takes the values of constants out of the caller's variables. A
// global variable of that name goes first.
func (p *Plan) setConstants(vars []Var) (rest []Var, err error) {
	p.constants = p.Object.constants()
	if len(p.constants) == 0 || len(vars) == 0 {
		return vars, nil
	}
	globals := p.Object.Globals()
	for _, v := range vars {
		i := slices.IndexFunc(p.constants, func(c constant) bool { return c.name == v.Name })
		if i < 0 || slices.ContainsFunc(globals, func(g Global) bool { return g.Name == v.Name }) {
			rest = append(rest, v)
			continue
		}
		b, err := rawbtf.EncodeUntyped(p.Object.file.Order, 8, v.Value)
		if err != nil {
			return nil, &Error{Stage: StagePlan, Kind: ErrUsage, Code: "var_value", Symbol: v.Name, Err: err}
		}
		p.constants[i].value, p.constants[i].set = p.Object.file.Order.Uint64(b), true
	}
	return rest, nil
}

// planConstants writes the constants that a program refers to into its
// instructions. What is left in code.Externs is something else.
func (p *Plan) planConstants(pr *PlannedProgram, code *progs.Code) {
	code.Externs = slices.DeleteFunc(code.Externs, func(e progs.ExternRef) bool {
		i := slices.IndexFunc(p.constants, func(c constant) bool { return c.name == e.Name })
		if i < 0 || e.Kind != progs.ExternAddr {
			return false
		}
		c := &p.constants[i]
		value := c.value + uint64(int64(code.Imm(e.Insn)))
		code.SetWide(code.Insns, e.Insn, 0, uint32(value), uint32(value>>32))
		if !c.set && !slices.Contains(pr.unsetConstants, c.name) {
			pr.unsetConstants = append(pr.unsetConstants, c.name)
			p.warn(Warning{Code: "constant_unset", Program: pr.Name, Section: pr.Section, Offset: mapdef.At(pr.Offset),
				Message: fmt.Sprintf("it needs %q, which the object does not define: it is taken for a constant, and is 0; --var %s=N gives it another value", c.name, c.name)})
		}
		return true
	})
}

// unsetHint tells of constants without a value that a program refers to; why is the
// hint that the error has already.
func (p *PlannedProgram) unsetHint(why string) string {
	if len(p.unsetConstants) == 0 {
		return why
	}
	hint := fmt.Sprintf("it refers to %s, which the object does not define: 0 stands there; if it is a constant, --var %s=N gives it a value",
		listSome(p.unsetConstants, 3), p.unsetConstants[0])
	if why != "" {
		hint = why + "; " + hint
	}
	return hint
}

// inlineVariables turns references to variables into the numbers that they hold, of
// 4 bytes, where the objects' loader does so. def gives the definition of the map
// with that index.
func (o *Object) inlineVariables(code *progs.Code, def func(int) *MapDef) error {
	if !legacymaps.InlinesVariables(o.Maps) {
		return nil
	}
	var err error
	code.Maps = slices.DeleteFunc(code.Maps, func(r progs.MapRef) bool {
		m := def(r.Map)
		if !r.Value || m.Dialect != mapdef.DialectData || err != nil {
			return false
		}
		const width = 4
		value := uint32(0)
		if b, ok := mapdef.Span(m.Contents, uint64(r.Offset), width); ok {
			value = o.file.Order.Uint32(b)
		} else if m.Contents != nil || uint64(r.Offset)+width > uint64(m.ValueSize) {
			part, off, _ := code.Part(r.Insn)
			err = &Error{Stage: StagePlan, Code: "parameter", Section: part.Section, Symbol: part.Name, Offset: mapdef.At(off),
				Err: fmt.Errorf("the parameter at offset %#x of section %q, of %d bytes, goes beyond its end", r.Offset, m.Section, width)}
			return false
		}
		code.SetWide(code.Insns, r.Insn, 0, value, 0)
		return true
	})
	return err
}
