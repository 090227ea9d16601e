package elftest_test

import (
	"bytes"
	"encoding/binary"
	"reflect"
	"testing"

	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"

	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

func TestBTFIsWhatCiliumReads(t *testing.T) {
	for _, order := range elftest.Orders() {
		t.Run(order.String(), func(t *testing.T) {
			b := elftest.NewBTF(order)
			i := b.Int("int", 4, elftest.Signed)
			b.Typedef("word", b.Const(b.Volatile(i)))
			p := b.Ptr(b.Restrict(b.TypeTag("user", i)))
			a := b.Array(p, i, 3)
			s := b.Struct("node", 24, elftest.Member{Name: "list", Type: a})
			b.DeclTag("contains:node:list", s, 0)
			b.Union("both", 8, elftest.Member{Name: "low", Type: i, BitSize: 3}, elftest.Member{Name: "high", Type: i, BitOffset: 3, BitSize: 5})
			b.Enum("signs", 4, true, elftest.Enumerator{Name: "MINUS", Value: ^uint64(0)})
			b.Enum64("big", 8, false, elftest.Enumerator{Name: "BIG", Value: 1 << 40})
			b.Fwd("later", true)
			b.Float("double", 8)
			b.Func("prog", b.FuncProto(i, elftest.Param{Name: "ctx", Type: p}), rawbtf.LinkGlobal)
			v := b.Var("counter", i, rawbtf.LinkStatic)
			b.Datasec(".data", 8, elftest.SecInfo{Var: v, Offset: 4, Size: 4})
			spec, err := btf.LoadSpecFromReader(bytes.NewReader(b.Bytes()))
			if err != nil {
				t.Fatal(err)
			}
			for id := elftest.ID(1); id < b.Next(); id++ {
				typ, err := spec.TypeByID(btf.TypeID(id))
				if err != nil {
					t.Fatalf("type %d: %v", id, err)
				}
				if ours := b.Table().Type(id); ours.Name() != typ.TypeName() {
					if _, tag := typ.(*btf.TypeTag); !tag && ours.Kind != rawbtf.DeclTag {
						t.Errorf("type %d is %q here and %q there", id, ours.Name(), typ.TypeName())
					}
				}
			}
			check(t, spec, "both", func(u *btf.Union) bool { return u.Members[1].Offset == 3 && u.Members[1].BitfieldSize == 5 })
			check(t, spec, "signs", func(e *btf.Enum) bool { return e.Signed && int64(e.Values[0].Value) == -1 })
			check(t, spec, "big", func(e *btf.Enum) bool { return !e.Signed && e.Values[0].Value == 1<<40 })
			check(t, spec, "later", func(f *btf.Fwd) bool { return f.Kind == btf.FwdUnion })
			check(t, spec, "prog", func(f *btf.Func) bool { return f.Linkage == btf.GlobalFunc })
			check(t, spec, ".data", func(d *btf.Datasec) bool { return d.Vars[0].Offset == 4 && d.Vars[0].Type.TypeName() == "counter" })
			check(t, spec, "node", func(s *btf.Struct) bool { return s.Members[0].Tags[0] == "contains:node:list" })
		})
	}
}

func check[T btf.Type](t *testing.T, spec *btf.Spec, name string, ok func(T) bool) {
	t.Helper()
	var typ T
	if err := spec.TypeByName(name, &typ); err != nil || !ok(typ) {
		t.Errorf("%q is %+v (%v)", name, typ, err)
	}
}

func TestExtIsWhatCiliumReads(t *testing.T) {
	for _, order := range elftest.Orders() {
		b := elftest.NewBTF(order)
		i := b.Int("int", 4, elftest.Signed)
		fn := b.Func("prog", b.FuncProto(i), rawbtf.LinkGlobal)
		s := b.Struct("task", 4, elftest.Member{Name: "pid", Type: i})
		ext := b.Ext(elftest.ExtSection{Section: "xdp",
			Funcs: []elftest.FuncInfo{{Off: 0, Type: fn}},
			Lines: []elftest.LineInfo{{Off: 8, File: "a.c", Text: "return 2;", Line: 12, Col: 3}},
			CORE:  []elftest.CORERelo{{Off: 0, Type: s, Access: "0:0", Kind: 0}}})
		o := sample(order)
		o.Sections = append(o.Sections, b.Section(), ext)
		spec, infos, err := btf.LoadSpecAndExtInfosFromReader(bytes.NewReader(o.Bytes()))
		if err != nil {
			t.Fatalf("%v: %v", order, err)
		}
		funcs, lines, core := infos.Section("xdp")
		if len(funcs) != 1 || len(lines) != 1 || len(core) != 1 {
			t.Fatalf("%v: %d functions, %d lines, %d relocations of %v", order, len(funcs), len(lines), len(core), spec)
		}
		line := lines[0].Line
		if line.LineNumber() != 12 || line.LineColumn() != 3 || line.FileName() != "a.c" || line.Line() != "return 2;" {
			t.Errorf("%v: line is %+v", order, line)
		}
		if funcs[0].Func.Name != "prog" || lines[0].Offset != 1 {
			t.Errorf("%v: function is %+v", order, funcs[0])
		}
	}
}

func TestInstructionsAreWhatCiliumReads(t *testing.T) {
	for _, order := range elftest.Orders() {
		raw := elftest.Exec("xdp", elftest.LdImm64(order, 3, 1, 0x1122334455667788), elftest.MovReg(order, 6, 1),
			elftest.Mov(order, 0, -2), elftest.Call(order, 0, 1), elftest.Call(order, 1, -1), elftest.Exit(order)).Data
		got, err := asm.AppendInstructions(nil, bytes.NewReader(raw), order, "linux")
		if err != nil {
			t.Fatal(err)
		}
		want := asm.Instructions{asm.LoadImm(asm.R3, 0x1122334455667788, asm.DWord), asm.Mov.Reg(asm.R6, asm.R1),
			asm.Mov.Imm(asm.R0, -2), asm.FnMapLookupElem.Call(), {OpCode: asm.Call.Op(asm.ImmSource), Src: 1, Constant: -1}, asm.Return()}
		want[0].Src = 1
		for i := range want {
			g, w := got[i], want[i]
			if g.OpCode != w.OpCode || g.Dst != w.Dst || g.Src != w.Src || g.Constant != w.Constant {
				t.Errorf("%v: instruction %d is %v instead of %v", order, i, g, w)
			}
		}
	}
}

func TestMaps(t *testing.T) {
	m := elftest.NewMaps(binary.BigEndian)
	inner := m.Def("inner", m.Uint("type", 2), m.Ulong("map_extra", 1<<33))
	m.Map("first", m.Uint("type", 1), m.Type("key", m.Int32))
	m.Map("outer", m.Uint("type", 12), m.Values(inner, 3)).Slot(0, "first").Slot(2, "first")
	f := m.Object().File()
	if s := f.Sections[1]; s.Name != ".maps" || s.Size != 16+8+24 {
		t.Errorf("section is %+v", s)
	}
	if r := f.Relocs[1]; len(r) != 2 || r[0].Offset != 24 || r[1].Offset != 40 || f.Symbols[r[1].Symbol].Name != "first" {
		t.Errorf("relocations are %+v", r)
	}
	sec, ok := f.BTF.Find(rawbtf.Datasec, ".maps")
	if !ok || sec.Vlen != 2 || sec.Size() != 0 || sec.SecInfo(1).Size != 32 {
		t.Fatalf("datasec is %+v", sec)
	}
	outer := f.BTF.Type(f.BTF.Type(sec.SecInfo(1).Var).Ref())
	if outer.Size() != 8 || outer.Member(1).Name() != "values" || outer.Member(1).BitOffset != 64 {
		t.Errorf("definition is %+v", outer)
	}
	extra := f.BTF.Type(f.BTF.Type(inner).Member(1).Type)
	if extra.Kind != rawbtf.Enum64 || extra.Enumerator(0).Value != 1<<33 {
		t.Errorf("map_extra is %+v", extra)
	}
}

func TestLegacy(t *testing.T) {
	for _, order := range elftest.Orders() {
		f := elftest.Legacy(order, "maps",
			elftest.LegacyMap{Name: "a", Words: []uint32{1, 4, 8, 16, 0}, Aliases: []string{"also_a"}},
			elftest.LegacyMap{Name: "b", Words: []uint32{2, 4, 8, 1}, Static: true},
			elftest.LegacyMap{Name: "c", Bytes: make([]byte, 28), Untyped: true, Weak: true}).File()
		if s := f.Sections[1]; s.Size != 20+16+28 || order.Uint32(s.Data[12:]) != 16 {
			t.Errorf("%v: section is %+v", order, s)
		}
		type row struct {
			name        string
			value, size uint64
		}
		var got []row
		for _, s := range f.Symbols[1:] {
			got = append(got, row{s.Name, s.Value, s.Size})
		}
		if want := []row{{"b", 20, 16}, {"a", 0, 20}, {"also_a", 0, 20}, {"c", 36, 0}}; !reflect.DeepEqual(got, want) {
			t.Errorf("%v: symbols are %v", order, got)
		}
	}
}
