package mapdef_test

import (
	"debug/elf"
	"errors"
	"testing"

	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/mapdef"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

// twins has two sections `.data`, the first of them empty of "b".
func twins() *mapdef.File {
	return (&elftest.Object{
		Sections: []elftest.Section{
			elftest.Data(".data", nil), elftest.Data(".data", make([]byte, 8)), elftest.Data(".data", make([]byte, 16)), elftest.Data(".bss", make([]byte, 4)),
		},
		Symbols: []elftest.Symbol{
			{Name: "s", Index: 2, Value: 4, Bind: elf.STB_LOCAL},
			{Name: "s", Index: 2, Value: 0, Bind: elf.STB_LOCAL},
			{Name: ".data", Index: 2, Bind: elf.STB_LOCAL, Type: elf.STT_SECTION},
			{Name: "abs", Index: elf.SHN_ABS, Bind: elf.STB_GLOBAL},
			{Name: "undefined", Bind: elf.STB_GLOBAL},
			{Name: "a", Index: 2, Value: 4, Bind: elf.STB_WEAK, Vis: elf.STV_HIDDEN},
			{Name: "b", Index: 3, Value: 12, Bind: elf.STB_GLOBAL, Vis: elf.STV_PROTECTED},
			{Name: "a", Index: 4, Value: 0, Bind: elf.STB_GLOBAL},
		},
	}).File()
}

func TestVarIndexFind(t *testing.T) {
	ix := mapdef.NewVarIndex(twins())
	for _, row := range []struct {
		name    string
		section string
		v       rawbtf.Variable
		want    int // rank in twins, from 1; 0: none
		err     error
	}{
		{"a weak symbol is a global's", ".data", rawbtf.Variable{Name: "a", Linkage: rawbtf.LinkGlobal}, 6, nil},
		{"the section's name tells", ".bss", rawbtf.Variable{Name: "a", Linkage: rawbtf.LinkGlobal}, 8, nil},
		{"the second section of the name", ".data", rawbtf.Variable{Name: "b", Linkage: rawbtf.LinkGlobal}, 7, nil},
		{"an extern that is defined", ".data", rawbtf.Variable{Name: "b", Linkage: rawbtf.LinkExtern}, 7, nil},
		{"a static that became global", ".data", rawbtf.Variable{Name: "b"}, 7, nil},
		{"statics of one name", ".data", rawbtf.Variable{Name: "s"}, 2, nil},
		{"statics of one name, the other", ".data", rawbtf.Variable{Name: "s", Offset: 4}, 1, nil},
		{"statics of one name, neither", ".data", rawbtf.Variable{Name: "s", Offset: 8}, 0, mapdef.ErrAmbiguousSymbol},
		{"no such name", ".data", rawbtf.Variable{Name: "x"}, 0, nil},
		{"a section's symbol", ".data", rawbtf.Variable{Name: ".data"}, 0, nil},
		{"absolute", ".data", rawbtf.Variable{Name: "abs", Linkage: rawbtf.LinkGlobal}, 0, nil},
		{"undefined", "", rawbtf.Variable{Name: "undefined", Linkage: rawbtf.LinkGlobal}, 0, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			s, err := ix.Find(row.section, row.v)
			got := 0
			if s != nil {
				got = s.Index
			}
			if got != row.want || !errors.Is(err, row.err) {
				t.Errorf("symbol is %d, %v, want %d, %v", got, err, row.want, row.err)
			}
		})
	}
}

func TestVarIndexFixUps(t *testing.T) {
	f := mapdef.NewVarIndex(twins()).FixUps()
	if n, ok := f.SectionSize(".data"); n != 8 || !ok {
		t.Errorf("R30 size of .data is %d, %t, want that of the first section that is not empty", n, ok)
	}
	if _, ok := f.SectionSize(".rodata"); ok {
		t.Error("R30 a section that is not there has a size")
	}
	if at, ok := f.Symbol(".data", rawbtf.Variable{Name: "a", Linkage: rawbtf.LinkGlobal}); !ok || at != (rawbtf.Placement{Offset: 4, Hidden: true}) {
		t.Errorf("R31 R34 a is at %+v, %t", at, ok)
	}
	for _, v := range []rawbtf.Variable{{Name: "b", Linkage: rawbtf.LinkGlobal}, {Name: "x"}, {Name: "s", Offset: 8}} {
		if at, ok := f.Symbol(".data", v); ok {
			t.Errorf("%s is at %+v, but not in the first section", v.Name, at)
		}
	}
}

func TestHiddenFunc(t *testing.T) {
	sym := func(name, section string, bind elf.SymBind, vis elf.SymVis) elftest.Symbol {
		return elftest.Symbol{Name: name, Section: section, Bind: bind, Type: elf.STT_FUNC, Vis: vis}
	}
	f := (&elftest.Object{
		Sections: []elftest.Section{elftest.Exec(".text", make([]byte, 8)), elftest.Exec("xdp", make([]byte, 8))},
		Symbols: []elftest.Symbol{sym("hidden", ".text", elf.STB_GLOBAL, elf.STV_HIDDEN), sym("internal", ".text", elf.STB_WEAK, elf.STV_INTERNAL),
			sym("open", ".text", elf.STB_GLOBAL, elf.STV_DEFAULT), sym("static", ".text", elf.STB_LOCAL, elf.STV_HIDDEN),
			sym("program", "xdp", elf.STB_GLOBAL, elf.STV_HIDDEN)},
	}).File()
	hidden := mapdef.NewVarIndex(f).FixUps().HiddenFunc
	for name, want := range map[string]bool{"hidden": true, "internal": true, "open": false, "static": false, "program": false, "none": false} {
		if got := hidden(name); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
}
