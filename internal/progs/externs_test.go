package progs

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/bpfload/bpfload/internal/elftest"
)

func TestExterns(t *testing.T) {
	for _, order := range orders {
		b := elftest.NewBTF(order)
		b.Datasec(".ksyms", 0, elftest.SecInfo{Var: b.Func("kfunc", b.FuncProto(0), 2)})
		b.Datasec(".kconfig", 0, elftest.SecInfo{Var: b.Var("maybe", b.Int("int", 4, 0), 2)})
		o := refObject(order, slices.Concat(elftest.Call(order, 1, -1), elftest.LdImm64(order, 1, 0, 0)),
			elftest.Reloc{Type: 10, Symbol: "kfunc"}, elftest.Reloc{Offset: 8, Type: 1, Symbol: "maybe"})
		o.Sections = append(o.Sections, b.Section())
		f := o.File()
		s, err := Parse(f)
		if err != nil {
			t.Fatal(err)
		}
		c, err := s.Link(0, fakeRefs{f})
		if err != nil {
			t.Fatal(err)
		}
		for i := range c.Externs {
			if f.Symbols[c.Externs[i].Symbol].Name != c.Externs[i].Name {
				t.Errorf("symbol of %+v", c.Externs[i])
			}
			c.Externs[i].Symbol = 0
		}
		want := []ExternRef{{Insn: 0, Name: "kfunc", Kind: ExternCall, Datasec: ".ksyms", TypeID: 2},
			{Insn: 1, Name: "maybe", Kind: ExternAddr, Weak: true, Datasec: ".kconfig", TypeID: 5}}
		if !slices.Equal(c.Externs, want) {
			t.Errorf("%v: got %+v", order, c.Externs)
		}
		out := c.Patch(nil, nil)
		c.SetCall(out, 0, 2, 1, 99)
		c.SetWide(out, 1, 3, 7, 8)
		if want := slices.Concat(elftest.Insn(order, 0x85, 0, 2, 1, 99), elftest.LdImm64(order, 1, 3, 8<<32|7), elftest.Exit(order)); !bytes.Equal(out, want) {
			t.Errorf("%v: got %x, want %x", order, out, want)
		}
		c.PoisonCall(out, 0, 4242)
		if want := elftest.Call(order, 0, 4242); !bytes.Equal(out[:8], want) {
			t.Errorf("%v: got %x, want %x", order, out[:8], want)
		}
	}
}

// Kconfig options are places in a map; the addend says where in the option.
func TestExternsToMap(t *testing.T) {
	for _, rela := range []bool{false, true} {
		b := elftest.NewBTF(le)
		b.Datasec(".kconfig", 0, elftest.SecInfo{Var: b.Var("maybe", b.Int("int", 4, 0), 2)})
		addend := uint64(2)
		if rela {
			addend = 0
		}
		o := refObject(le, slices.Concat(elftest.LdImm64(le, 1, 0, addend), elftest.LdImm64(le, 1, 0, 0), elftest.Call(le, 1, -1)),
			elftest.Reloc{Type: 1, Symbol: "maybe", Addend: 2}, elftest.Reloc{Offset: 16, Type: 1, Symbol: "m1"}, elftest.Reloc{Offset: 32, Type: 10, Symbol: "kfunc"})
		o.Sections[0].Rela = rela
		o.Sections = append(o.Sections, b.Section())
		c, err := linkFirst(t, o)
		if err != nil {
			t.Fatal(err)
		}
		if c.Imm(0) != 2 {
			t.Errorf("rela %v: addend %d", rela, c.Imm(0))
		}
		err = c.ExternsToMap(".kconfig", 9, func(e *ExternRef, addend int32) (uint32, error) { return 100 + uint32(addend), nil })
		if want := []MapRef{{Insn: 0, Map: 9, Value: true, Offset: 102}, {Insn: 2, Map: 1}}; err != nil || !slices.Equal(c.Maps, want) {
			t.Errorf("rela %v: %+v, %v", rela, c.Maps, err)
		}
		refused := errors.New("no")
		if err := c.ExternsToMap(".kconfig", 9, func(*ExternRef, int32) (uint32, error) { return 0, refused }); err != refused {
			t.Errorf("got %v", err)
		}
	}
	o := wideRef(le, "maybe", 0)
	o.Sections[0].Rela, o.Sections[0].Relocs[0].Addend = true, 1<<32
	_, err := linkFirst(t, o)
	checkError(t, err, "reloc_range", `section "xdp", symbol "p", offset 0x0: addend 0x100000000 of the reference to "maybe" does not fit into 32 bits`)
}
