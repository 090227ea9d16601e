package elfload

import (
	"errors"
	"fmt"

	"github.com/bpfload/bpfload/internal/kconfig"
	"github.com/bpfload/bpfload/internal/mapdef"
	"github.com/bpfload/bpfload/internal/progs"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

// ksymsSection is the DATASEC of kernel symbols and functions.
const ksymsSection = ".ksyms"

// externError is an error at the instruction that refers to the extern.
func externError(code *progs.Code, e *progs.ExternRef, kind string, err error, hint string) *Error {
	out := &Error{Stage: StagePlan, Code: kind, Symbol: e.Name, Err: err, Hint: hint}
	if part, off, ok := code.Part(e.Insn); ok {
		out.Section, out.Symbol, out.Offset = part.Section, part.Name, mapdef.At(off)
	}
	return out
}

// planExterns settles what a program refers to and the object does not define:
// configuration becomes a place in its map, kernel symbols and functions are
// left to the load, and anything else is an error (R107).
func (p *Plan) planExterns(code *progs.Code) error {
	for i := range code.Externs {
		e := &code.Externs[i]
		switch e.Datasec {
		case kconfig.Section:
		case ksymsSection:
			if err := p.checkKsym(code, e); err != nil {
				return err
			}
		default:
			return externError(code, e, "extern", fmt.Errorf("it needs %q, which the object does not define", e.Name), p.externHint(e.Name))
		}
	}
	return p.Object.linkKconfig(code)
}

// externHint says where an undefined symbol could come from.
func (p *Plan) externHint(name string) string {
	if p.Object.file.BTF == nil {
		return "compile with -g: BTF tells kernel symbols, kernel functions and configuration from what another object defines"
	}
	return fmt.Sprintf("if another object defines %q, link the two with `bpftool gen object`; if the kernel does, declare it with __ksym or __kconfig", name)
}

// checkKsym refuses uses that no kernel could satisfy.
func (p *Plan) checkKsym(code *progs.Code, e *progs.ExternRef) error {
	t := p.Object.file.BTF
	v := t.Type(e.TypeID)
	switch {
	case e.Kind == progs.ExternCall && v.Kind != rawbtf.Func:
		return externError(code, e, "extern_use", fmt.Errorf("%q is called, but it is declared as a variable", e.Name), "")
	case e.Kind == progs.ExternAddr && code.Imm(e.Insn) != 0 && !typelessKsym(t, v):
		return externError(code, e, "extern_addend", errors.New("the kernel takes the address of a whole symbol only, without an offset"), "")
	}
	return nil
}

// typelessKsym tells whether the extern is declared as void: any symbol of the
// kernel, of which nothing but the address is known.
func typelessKsym(t *rawbtf.Table, v rawbtf.Type) bool {
	if v.Kind != rawbtf.Var {
		return false
	}
	ty, err := t.Strip(v.Ref())
	return err == nil && ty.Kind == rawbtf.Void
}

// needsKernelTypes tells whether some extern of the code is found by its type.
func needsKernelTypes(t *rawbtf.Table, code *progs.Code) bool {
	for i := range code.Externs {
		if e := &code.Externs[i]; e.Datasec == ksymsSection && !typelessKsym(t, t.Type(e.TypeID)) {
			return true
		}
	}
	return false
}

// noExterns refuses to put code with externs, or jump tables, into a CollectionSpec: only the
// reader of cilium/ebpf can mark instructions as references to the kernel.
func noExterns(code *progs.Code) error {
	if len(code.JumpTables) > 0 {
		return &Error{Stage: StagePlan, Kind: ErrNotSupported, Code: "spec_jump_table", Section: code.Parts[0].Section, Symbol: code.Parts[0].Name,
			Err: errors.New("a CollectionSpec cannot hold a program with jump tables"), Hint: noJumpTables}
	}
	if len(code.Externs) == 0 {
		return nil
	}
	e := &code.Externs[0]
	err := externError(code, e, "spec_extern", fmt.Errorf("a CollectionSpec cannot hold the reference to %q", e.Name),
		"load the object with Load, or read it with ebpf.LoadCollectionSpec")
	err.Kind = ErrNotSupported
	return err
}
