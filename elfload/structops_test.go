package elfload

import (
	"debug/elf"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/mapdef"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

// opsObject is an object with a struct_ops variable to be broken.
type opsObject struct {
	*elftest.Object
	btf      *elftest.BTF
	integer  elftest.ID
	function elftest.ID // pointer to a function
	typ      elftest.ID // of the variable
	datasec  string     // "" for none
	vars     []elftest.SecInfo
}

// newOpsObject is one with struct ops { f at 0, n at 8, p at 16, g at 24 } v, of
// which f is program p.
func newOpsObject(order binary.ByteOrder) *opsObject {
	b := elftest.NewBTF(order)
	o := &opsObject{btf: b, datasec: ".struct_ops"}
	o.integer = b.Int("int", 4, elftest.Signed)
	o.function = b.Ptr(b.FuncProto(o.integer))
	o.typ = b.Struct("ops", 32, elftest.Member{Name: "f", Type: o.function}, elftest.Member{Name: "n", Type: o.integer, BitOffset: 64},
		elftest.Member{Name: "p", Type: b.Ptr(0), BitOffset: 128}, elftest.Member{Name: "g", Type: b.Const(o.function), BitOffset: 192})
	data := elftest.Data(".struct_ops", make([]byte, 40))
	data.Relocs = []elftest.Reloc{{Offset: 0, Type: mapdef.R_BPF_64_ABS64, Symbol: "p"}}
	code := [][]byte{elftest.Mov(order, elftest.R0, 0), elftest.Exit(order)}
	o.Object = &elftest.Object{Order: order,
		Sections: []elftest.Section{elftest.Exec("struct_ops", code[0], code[1], code[0], code[1]), elftest.Exec(".text", code...), data},
		Symbols: []elftest.Symbol{elftest.SectionSymbol("struct_ops"), elftest.Func("p", "struct_ops", 0, 16), elftest.Func("q", "struct_ops", 16, 16),
			elftest.Func("sub", ".text", 0, 16), elftest.Global("v", ".struct_ops", 0, 32),
			{Name: "undefined", Bind: elf.STB_GLOBAL}, {Name: "absolute", Index: elf.SHN_ABS, Bind: elf.STB_GLOBAL}}}
	return o
}

func (o *opsObject) relocs(r ...elftest.Reloc) { o.Section(".struct_ops").Relocs = r }

// read finishes the BTF and reads the object.
func (o *opsObject) read() (*Object, error) {
	if o.datasec != "" {
		if o.vars == nil {
			o.vars = []elftest.SecInfo{{Var: o.btf.Var("v", o.typ, rawbtf.LinkGlobal), Size: 32}}
		}
		o.btf.Datasec(o.datasec, 0, o.vars...)
	}
	if o.btf.Next() > 1 {
		o.Sections = append(o.Sections, o.btf.Section())
	}
	return Read(o.Bytes(), ReadOptions{})
}

func pointerTo(off uint64, symbol string) elftest.Reloc {
	return elftest.Reloc{Offset: off, Type: mapdef.R_BPF_64_ABS64, Symbol: symbol}
}

func TestStructOpsRead(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(*opsObject)
		want  string // "MEMBER=PROGRAM …", or the error's code
	}{
		{"R122 a variable is a map", func(o *opsObject) {}, "f=p"},
		{"R122 two members", func(o *opsObject) { o.relocs(pointerTo(0, "p"), pointerTo(24, "q")) }, "f=p g=q"},
		{"R122 in any order", func(o *opsObject) { o.relocs(pointerTo(24, "q"), pointerTo(0, "p")) }, "f=p g=q"},
		{"R122 as old GNU assemblers write it", func(o *opsObject) {
			o.relocs(elftest.Reloc{Type: mapdef.R_BPF_DATA_64, Symbol: "q"})
			o.Order.PutUint64(o.Section(".struct_ops").Data, 16)
		}, "f=q"},
		{"R122 no member", func(o *opsObject) { o.relocs() }, ""},
		{"by section symbol and addend", func(o *opsObject) {
			o.relocs(pointerTo(0, "struct_ops"))
			o.btf.Order.PutUint64(o.Section(".struct_ops").Data, 16)
		}, "f=q"},
		{"by the addend of the entry", func(o *opsObject) {
			o.Section(".struct_ops").Rela = true
			r := pointerTo(0, "struct_ops")
			r.Addend = 16
			o.relocs(r)
		}, "f=q"},
		{"the relocation type of older compilers", func(o *opsObject) {
			o.relocs(elftest.Reloc{Type: mapdef.R_BPF_64_64, Symbol: "p"})
		}, "f=p"},
		{"R125 no DATASEC", func(o *opsObject) { o.datasec = "" }, "struct_ops_btf"},
		{"R125 DATASEC of another section", func(o *opsObject) { o.datasec = ".data" }, "struct_ops_btf"},
		{"R125 no BTF", func(o *opsObject) { o.datasec, o.btf = "", elftest.NewBTF(o.btf.Order) }, "struct_ops_btf"},
		{"R125 anonymous struct", func(o *opsObject) { o.typ = o.btf.Struct("", 32) }, "struct_ops_type"},
		{"R125 union", func(o *opsObject) { o.typ = o.btf.Union("ops", 32) }, "struct_ops_type"},
		{"R125 integer", func(o *opsObject) { o.typ = o.integer }, "struct_ops_type"},
		{"R125 beyond the section", func(o *opsObject) { o.typ = o.btf.Struct("ops", 41) }, "struct_ops_range"},
		{"R125 placed beyond the section", func(o *opsObject) { o.Symbols[4].Value = 16 }, "struct_ops_range"},
		{"not a variable", func(o *opsObject) { o.vars = []elftest.SecInfo{{Var: o.integer, Size: 4}} }, "btf_datasec"},
		{"relocation of another type", func(o *opsObject) { o.relocs(elftest.Reloc{Type: 3, Symbol: "p"}) }, "reloc_type"},
		{"relocation in no variable", func(o *opsObject) { o.relocs(pointerTo(32, "p")) }, "reloc_owner"},
		{"relocation inside a member", func(o *opsObject) { o.relocs(pointerTo(4, "p")) }, "reloc_misaligned"},
		{"relocation of data", func(o *opsObject) { o.relocs(pointerTo(8, "p")) }, "reloc_owner"},
		{"relocation of another pointer", func(o *opsObject) { o.relocs(pointerTo(16, "p")) }, "reloc_owner"},
		{"two relocations in one place", func(o *opsObject) { o.relocs(pointerTo(0, "p"), pointerTo(0, "q")) }, "reloc_twice"},
		{"a subprogram", func(o *opsObject) { o.relocs(pointerTo(0, "sub")) }, "struct_ops_program"},
		{"inside a program", func(o *opsObject) {
			o.Symbols[1].Value = 8
			o.Symbols[1].Size = 8
			o.relocs(pointerTo(0, "struct_ops"))
		}, "struct_ops_program"},
		{"data", func(o *opsObject) { o.relocs(pointerTo(0, "v")) }, "struct_ops_program"},
		{"an undefined symbol", func(o *opsObject) { o.relocs(pointerTo(0, "undefined")) }, "struct_ops_program"},
		{"an absolute symbol", func(o *opsObject) { o.relocs(pointerTo(0, "absolute")) }, "struct_ops_program"},
	}
	for _, order := range elftest.Orders() {
		for _, tt := range tests {
			t.Run(order.String()+"/"+tt.name, func(t *testing.T) {
				o := newOpsObject(order)
				tt.spoil(o)
				obj, err := o.read()
				if got := opsText(obj, err); got != tt.want {
					t.Errorf("got %q, want %q: %v", got, tt.want, err)
				}
			})
		}
	}
}

// opsText is the first struct_ops map's members, or the error's code.
func opsText(obj *Object, err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	var words []string
	for _, s := range obj.Maps[0].StructOps.Programs {
		words = append(words, s.Name+"="+obj.Programs[s.Program].Name)
	}
	return strings.Join(words, " ")
}

// R23, R122, R123, R124, D1, and the place in the list of maps.
func TestStructOpsDefinitions(t *testing.T) {
	o := newOpsObject(binary.LittleEndian)
	ops := o.btf.Struct("ops___mine", 8, elftest.Member{Name: "f", Type: o.function})
	for i, name := range []string{"?.struct_ops.link", "?.struct_ops", ".struct_ops.link"} {
		o.Sections = append(o.Sections, elftest.Data(name, make([]byte, 16)))
		suffix := string(rune('1' + i))
		o.Symbols = append(o.Symbols, elftest.Global("late"+suffix, name, 8, 8), elftest.Local("early"+suffix, name, 0, 8))
		o.btf.Datasec(name, 0, elftest.SecInfo{Var: o.btf.Var("late"+suffix, o.btf.Const(ops), rawbtf.LinkGlobal), Size: 8},
			elftest.SecInfo{Var: o.btf.Var("early"+suffix, ops, rawbtf.LinkStatic), Size: 8})
	}
	o.Sections = append(o.Sections, elftest.Data(".data", make([]byte, 4)))
	obj, err := o.read()
	if err != nil {
		t.Fatal(err)
	}
	want := []struct {
		name     string
		flags    uint32
		optional bool
		typ      string
	}{{".data", 0, false, ""}, {"v", 0, false, "ops"}, {"early1", flagLink, true, "ops"}, {"late1", flagLink, true, "ops"},
		{"early2", 0, true, "ops"}, {"late2", 0, true, "ops"}, {"early3", flagLink, false, "ops"}, {"late3", flagLink, false, "ops"}}
	if len(obj.Maps) != len(want) {
		t.Fatalf("%d maps", len(obj.Maps))
	}
	for i, w := range want {
		d := &obj.Maps[i]
		typ := ""
		if d.StructOps != nil {
			typ = d.StructOps.TypeName
		}
		if (i > 0 && d.Name != w.name) || d.Flags != w.flags || d.Optional != w.optional || typ != w.typ {
			t.Errorf("map %d is %+v, want %+v", i, d, w)
		}
		if i > 0 && (d.Type != 26 || d.KeySize != 4 || d.MaxEntries != 1 || d.KeyType != 0 || d.ValueType != 0 || d.Static != strings.HasPrefix(w.name, "early")) {
			t.Errorf("R122 map %d is %+v", i, d)
		}
	}
}

// Only struct_ops programs can be members.
func TestStructOpsProgramType(t *testing.T) {
	o := newOpsObject(binary.LittleEndian)
	o.Sections[0].Name = "xdp"
	for i := range o.Symbols[:3] {
		o.Symbols[i].Section = "xdp"
	}
	obj, err := o.read()
	if err != nil {
		t.Fatal(err)
	}
	_, err = obj.Plan(Options{})
	if e, ok := errors.AsType[*Error](err); !ok || e.Code != "struct_ops_program" || e.Symbol != "v" || !strings.Contains(e.Hint, "--type p=struct_ops") {
		t.Errorf("an xdp program as member: %v", err)
	}
	if _, err = obj.Plan(Options{Types: []ProgramType{{Program: "p", Type: "struct_ops"}}, MapsOnly: true}); err != nil {
		t.Error(err)
	}
}

// CollectionSpec gives cilium/ebpf what its own reader would.
func TestStructOpsCollectionSpec(t *testing.T) {
	for _, tt := range []struct{ file, ops, program, attach string }{
		{"struct_ops.o", "plain", "avoids", "tcp_congestion_ops:cong_avoid"},
		{"struct_ops_link.o", "linked", "shared", "tcp_congestion_ops:ssthresh"},
	} {
		obj, err := Open("../testdata/objs/" + tt.file)
		if err != nil {
			t.Fatal(err)
		}
		spec, err := obj.CollectionSpec()
		if err != nil {
			t.Fatal(err)
		}
		if len(spec.Maps) != 1 || spec.Maps[tt.ops] == nil || len(spec.Maps[tt.ops].Contents) != 1 || spec.Maps[tt.ops].Value == nil || spec.Maps[tt.ops].Value.TypeName() != "tcp_congestion_ops" {
			t.Errorf("%s: maps %+v", tt.file, spec.Maps)
		}
		if got := spec.Programs[tt.program].AttachTo; got != tt.attach {
			t.Errorf("%s: %q attaches to %q", tt.file, tt.program, got)
		}
	}
	obj, err := Open("../testdata/objs/arena_plain.o")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := obj.CollectionSpec(); err == nil {
		t.Error("variables of an arena get lost")
	}
}
