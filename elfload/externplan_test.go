package elfload

import (
	"debug/elf"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/mapdef"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

// withExtern is an object of one program, whose only instruction besides its
// exit refers to the extern "it"; types may declare that.
func withExtern(t *testing.T, insn []byte, reloc uint32, types func(*elftest.BTF)) *Object {
	t.Helper()
	le := binary.LittleEndian
	code := elftest.Exec("socket", insn, elftest.Mov(le, 0, 0), elftest.Exit(le))
	code.Relocs = []elftest.Reloc{{Type: reloc, Symbol: "it"}}
	o := &elftest.Object{
		Sections: []elftest.Section{code},
		Symbols:  []elftest.Symbol{elftest.Func("prog", "socket", 0, uint64(len(code.Data))), {Name: "it", Bind: elf.STB_GLOBAL}},
	}
	if types != nil {
		b := elftest.NewBTF(le)
		types(b)
		o.Sections = append(o.Sections, b.Section())
	}
	obj, err := Read(o.Bytes(), ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return obj
}

func TestPlanExterns(t *testing.T) {
	le := binary.LittleEndian
	call, load := elftest.Call(le, 1, -1), elftest.LdImm64(le, 1, 0, 0)
	inside := elftest.LdImm64(le, 1, 0, 4)
	in := func(section string, make func(*elftest.BTF) elftest.ID) func(*elftest.BTF) {
		return func(b *elftest.BTF) { b.Datasec(section, 0, elftest.SecInfo{Var: make(b)}) }
	}
	function := func(b *elftest.BTF) elftest.ID { return b.Func("it", b.FuncProto(0), rawbtf.LinkExtern) }
	variable := func(b *elftest.BTF) elftest.ID { return b.Var("it", b.Int("int", 4, 0), rawbtf.LinkExtern) }
	symbol := func(b *elftest.BTF) elftest.ID { return b.Var("it", b.Const(0), rawbtf.LinkExtern) }
	for _, row := range []struct {
		name  string
		insn  []byte
		reloc uint32
		types func(*elftest.BTF)
		code  string // "" for a plan
		hint  string
	}{
		{"R107 nothing tells what it is", call, mapdef.R_BPF_64_32, nil, "extern", "compile with -g"},
		{"R131 C53 a number of the host's", load, mapdef.R_BPF_64_64, nil, "", ""},
		{"R107 another object's function", call, mapdef.R_BPF_64_32, func(b *elftest.BTF) { function(b) }, "extern", "bpftool gen object"},
		{"R107 another object's variable", load, mapdef.R_BPF_64_64, func(b *elftest.BTF) { variable(b) }, "extern", "bpftool gen object"},
		{"a kernel function", call, mapdef.R_BPF_64_32, in(".ksyms", function), "", ""},
		{"a kernel function's address", load, mapdef.R_BPF_64_64, in(".ksyms", function), "", ""},
		{"a kernel variable", load, mapdef.R_BPF_64_64, in(".ksyms", variable), "", ""},
		{"a place in a kernel variable", inside, mapdef.R_BPF_64_64, in(".ksyms", variable), "extern_addend", ""},
		{"a place behind a kernel symbol", inside, mapdef.R_BPF_64_64, in(".ksyms", symbol), "", ""},
		{"a call of a kernel variable", call, mapdef.R_BPF_64_32, in(".ksyms", variable), "extern_use", ""},
		{"a call of a kernel symbol", call, mapdef.R_BPF_64_32, in(".ksyms", symbol), "extern_use", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			p, err := withExtern(t, row.insn, row.reloc, row.types).Plan(Options{})
			if row.code == "" {
				if err != nil || row.types != nil && !slices.Equal(externNames(p.Programs[0].code), []string{"it"}) {
					t.Errorf("plan %v, %v", p, err)
				}
				return
			}
			var e *Error
			if !errors.As(err, &e) || e.Code != row.code || e.Section != "socket" || e.Symbol != "prog" || !e.Offset.Known || e.Stage != StagePlan {
				t.Fatalf("error %#v", err)
			}
			if !strings.Contains(e.Hint, row.hint) || !strings.Contains(err.Error(), `"it"`) && row.code != "extern_addend" {
				t.Errorf("%v; hint %q, want %q", err, e.Hint, row.hint)
			}
		})
	}
}

// A reference into an option is the option's place plus the addend, if that is inside.
func TestPlanKconfigAddend(t *testing.T) {
	le := binary.LittleEndian
	for addend, want := range map[uint64]string{0: "", 5: "", 6: "reloc_range", 1<<32 - 1: "reloc_range"} {
		code := elftest.Exec("socket", elftest.LdImm64(le, 1, 0, addend), elftest.LdImm64(le, 1, 0, 0), elftest.Mov(le, 0, 0), elftest.Exit(le))
		code.Relocs = []elftest.Reloc{{Type: mapdef.R_BPF_64_64, Symbol: "CONFIG_TEXT"}, {Offset: 16, Type: mapdef.R_BPF_64_64, Symbol: "CONFIG_N"}}
		b := elftest.NewBTF(nil)
		c := b.Int("char", 1, 0)
		text := b.Var("CONFIG_TEXT", b.Array(c, c, 6), rawbtf.LinkExtern)
		n := b.Var("CONFIG_N", b.Int("int", 4, 0), rawbtf.LinkExtern)
		b.Datasec(".kconfig", 0, elftest.SecInfo{Var: text}, elftest.SecInfo{Var: n})
		o := &elftest.Object{Sections: []elftest.Section{code, b.Section()}, Symbols: []elftest.Symbol{
			elftest.Func("prog", "socket", 0, uint64(len(code.Data))), {Name: "CONFIG_TEXT", Bind: elf.STB_WEAK}, {Name: "CONFIG_N", Bind: elf.STB_GLOBAL}}}
		obj, err := Read(o.Bytes(), ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		p, err := obj.Plan(Options{})
		var e *Error
		switch {
		case want == "" && err != nil, want != "" && (!errors.As(err, &e) || e.Code != want):
			t.Errorf("R109 addend %d: %v", addend, err)
		case want == "":
			refs := p.Programs[0].code.Maps
			if len(refs) != 2 || !refs[0].Value || refs[0].Offset != 4+uint32(addend) || refs[1].Offset != 0 || refs[0].Map != refs[1].Map {
				t.Errorf("R109 addend %d: %+v", addend, refs)
			}
			if !slices.Equal(p.Programs[0].MapRefs, []int{0}) {
				t.Errorf("maps %v", p.Programs[0].MapRefs)
			}
		}
	}
}
