package progs

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"

	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/mapdef"
)

// fakeRefs: section "maps" has maps 0 and 1 at offsets 0 and 16; ".data" is map 7.
type fakeRefs struct{ f *mapdef.File }

func (r fakeRefs) MapAt(section int, off uint64) (int, bool) {
	name := r.f.Sections[section].Name
	return int(off / 16), (name == "maps" || name == ".maps") && (off == 0 || off == 16)
}

func (r fakeRefs) DataMap(section int) (int, bool) {
	return 7, r.f.Sections[section].Name == ".data"
}

// linkFirst parses an object and links its first program.
func linkFirst(t *testing.T, o *elftest.Object) (*Code, error) {
	t.Helper()
	f := o.File()
	s, err := Parse(f)
	if err != nil {
		t.Fatal(err)
	}
	return s.Link(0, fakeRefs{f})
}

func undefined(name string) elftest.Symbol {
	return elftest.Symbol{Name: name, Bind: elf.STB_GLOBAL, Type: elf.STT_NOTYPE}
}

// refObject is an object with one program "p", whose first instructions are
// those given and relocated as given, and something to refer to.
func refObject(order binary.ByteOrder, insns []byte, relocs ...elftest.Reloc) *elftest.Object {
	sec := elftest.Exec("xdp", insns, elftest.Exit(order))
	sec.Relocs = relocs
	return &elftest.Object{Order: order,
		Sections: []elftest.Section{sec, elftest.Exec(".text", code(order, 2), code(order, 3)), elftest.Data("maps", make([]byte, 32)),
			elftest.Data(".data", make([]byte, 12)), elftest.Data("other", make([]byte, 8)), elftest.Data(".maps", make([]byte, 32)),
			elftest.Data(".jumptables", make([]byte, 8))},
		Symbols: []elftest.Symbol{elftest.SectionSymbol(".text"), elftest.SectionSymbol("maps"), elftest.SectionSymbol(".data"),
			static(elftest.Func("sub1", ".text", 16, 24)), elftest.Func("p", "xdp", 0, uint64(len(insns)+8)),
			elftest.Func("sub0", ".text", 0, 16), elftest.Global("m0", "maps", 0, 16), elftest.Global("m1", "maps", 16, 16),
			elftest.Global("b0", ".maps", 0, 16), elftest.Global("var", ".data", 4, 4), elftest.Global("lost", "other", 0, 8),
			elftest.Global("jt", ".jumptables", 0, 8), undefined("kfunc"), weak(undefined("maybe")), {Name: "undefObject", Bind: elf.STB_GLOBAL, Type: elf.STT_OBJECT},
			{Name: "common", Index: elf.SHN_COMMON, Bind: elf.STB_GLOBAL, Type: elf.STT_OBJECT, Size: 4},
			{Name: "absolute", Index: elf.SHN_ABS, Bind: elf.STB_GLOBAL}}}
}

// wideRef is one ld_imm64 into r1 with an addend, relocated against a symbol.
func wideRef(order binary.ByteOrder, symbol string, addend int32) *elftest.Object {
	return refObject(order, elftest.LdImm64(order, elftest.R1, 0, uint64(uint32(addend))), elftest.Reloc{Type: mapdef.R_BPF_64_64, Symbol: symbol})
}

func TestMapReferences(t *testing.T) {
	tests := []struct {
		name   string
		symbol string
		addend int32
		want   MapRef
		warn   string
	}{
		{"L19 symbol of a definition", "m0", 0, MapRef{Map: 0}, ""},
		{"L20 symbol with a value", "m1", 0, MapRef{Map: 1}, ""},
		{"L20 section symbol plus addend", "maps", 16, MapRef{Map: 1}, ""},
		{"L20 symbol plus addend is a definition", "m0", 16, MapRef{Map: 1}, ""},
		{"R129 the addend of a .maps symbol is ignored", "b0", 4, MapRef{Map: 0}, "map_addend"},
		{"R130 data symbol", "var", 0, MapRef{Map: 7, Value: true, Offset: 4}, ""},
		{"R130 data symbol plus addend", "var", 4, MapRef{Map: 7, Value: true, Offset: 8}, ""},
		{"R130 data symbol minus addend", "var", -4, MapRef{Map: 7, Value: true, Offset: 0}, ""},
		{"R130 data section plus addend", ".data", 11, MapRef{Map: 7, Value: true, Offset: 11}, ""},
	}
	for _, tt := range tests {
		for _, order := range orders {
			t.Run(fmt.Sprintf("%s %v", tt.name, order), func(t *testing.T) {
				for _, rela := range []bool{false, true} {
					o := wideRef(order, tt.symbol, tt.addend)
					if rela {
						o = wideRef(order, tt.symbol, 0)
						o.Sections[0].Rela, o.Sections[0].Relocs[0].Addend = true, int64(tt.addend)
					}
					c, err := linkFirst(t, o)
					if err != nil {
						t.Fatal(err)
					}
					if !slices.Equal(c.Maps, []MapRef{tt.want}) || len(c.Externs) != 0 || len(c.Parts) != 1 {
						t.Errorf("rela %v: got %+v", rela, c)
					}
					if (tt.warn != "") != (len(c.Warnings) == 1) || len(c.Warnings) == 1 && (c.Warnings[0].Code != tt.warn || c.Warnings[0].Program != "p") {
						t.Errorf("rela %v: warnings %+v", rela, c.Warnings)
					}
				}
			})
		}
	}
}

func TestPatch(t *testing.T) {
	for _, order := range orders {
		t.Run(order.String(), func(t *testing.T) {
			c, err := linkFirst(t, refObject(order, slices.Concat(elftest.LdImm64(order, elftest.R1, 0, 0), elftest.LdImm64(order, elftest.R9, 0, 4),
				elftest.LdImm64(order, elftest.R2, 0, 0)),
				elftest.Reloc{Offset: 0, Type: 1, Symbol: "m1"}, elftest.Reloc{Offset: 16, Type: 1, Symbol: "var"}, elftest.Reloc{Offset: 32, Type: 1, Symbol: "m0"}))
			if err != nil {
				t.Fatal(err)
			}
			before := bytes.Clone(c.Insns)
			got := c.Patch(nil, func(i int) int {
				if i == 0 {
					return -1
				}
				return 40 + i
			})
			want := slices.Concat(elftest.LdImm64(order, elftest.R1, 1, 41), // L21
				elftest.LdImm64(order, elftest.R9, 2, 8<<32|47),                                             // R130
				elftest.Call(order, 0, 2001000000), elftest.Call(order, 0, 2001000000), elftest.Exit(order)) // R133
			if !bytes.Equal(got, want) {
				t.Errorf("\n got %x\nwant %x", got, want)
			}
			if !bytes.Equal(c.Insns, before) {
				t.Error("Patch changed the code itself")
			}
		})
	}
	if i, ok := PoisonedMap(2001000005); i != 5 || !ok {
		t.Error("PoisonedMap does not know the number that Patch writes:", i, ok)
	}
	if _, ok := PoisonedMap(195896080); ok {
		t.Error("PoisonedMap takes the CO-RE number for a map")
	}
}

func TestCalls(t *testing.T) {
	call := func(o binary.ByteOrder, imm int32) []byte { return elftest.Call(o, 1, imm) }
	tests := []struct {
		name   string
		insns  func(o binary.ByteOrder) []byte
		relocs []elftest.Reloc
		parts  string
		imms   []int32 // of the first instructions
	}{
		{"global function", func(o binary.ByteOrder) []byte { return call(o, -1) }, []elftest.Reloc{{Type: 10, Symbol: "sub0"}}, "p sub0", []int32{1}},
		{"section symbol and distance", func(o binary.ByteOrder) []byte { return call(o, 1) }, []elftest.Reloc{{Type: 10, Symbol: ".text"}}, "p sub1", []int32{1}},
		{"relocation type of old clang", func(o binary.ByteOrder) []byte { return call(o, -1) }, []elftest.Reloc{{Type: 1, Symbol: "sub0"}}, "p sub0", []int32{1}},
		{"once each, in order of first use",
			func(o binary.ByteOrder) []byte { return slices.Concat(call(o, 1), call(o, -1), call(o, -1)) },
			[]elftest.Reloc{{Offset: 0, Type: 10, Symbol: ".text"}, {Offset: 8, Type: 10, Symbol: "sub0"}, {Offset: 16, Type: 10, Symbol: "sub1"}},
			"p sub1 sub0", []int32{3, 5, 1}},
		{"helpers stay", func(o binary.ByteOrder) []byte { return elftest.Call(o, 0, 5) }, nil, "p", []int32{5}},
		{"kernel functions by number stay", func(o binary.ByteOrder) []byte { return elftest.Call(o, 2, 77) }, nil, "p", []int32{77}},
		{"recursion", func(o binary.ByteOrder) []byte { return call(o, -1) }, []elftest.Reloc{{Type: 10, Symbol: "p"}}, "p", []int32{-1}},
		{"no relocation in the same section", func(o binary.ByteOrder) []byte { return slices.Concat(elftest.Mov(o, 1, 0), call(o, -2)) }, nil, "p", []int32{0, -2}},
		{"R_BPF_NONE is no relocation", func(o binary.ByteOrder) []byte { return elftest.Call(o, 0, 5) }, []elftest.Reloc{{Type: 0, Sym: 1}}, "p", []int32{5}},
	}
	for _, tt := range tests {
		for _, order := range orders {
			t.Run(fmt.Sprintf("%s %v", tt.name, order), func(t *testing.T) {
				c, err := linkFirst(t, refObject(order, tt.insns(order), tt.relocs...))
				if err != nil {
					t.Fatal(err)
				}
				checkParts(t, c, tt.parts)
				for i, want := range tt.imms {
					if got := (insns{c.Insns, order}).imm(i); got != want {
						t.Errorf("imm of %d: got %d, want %d", i, got, want)
					}
				}
			})
		}
	}
}

// checkParts compares the functions of linked code, and that they cover it.
func checkParts(t *testing.T, c *Code, want string) {
	t.Helper()
	got, next := "", 0
	for i, p := range c.Parts {
		if i > 0 {
			got += " "
		}
		got += p.Name
		if p.FirstInsn != next {
			t.Errorf("part %q begins at %d instead of %d", p.Name, p.FirstInsn, next)
		}
		next += p.Insns
	}
	if got != want || next != c.Len() {
		t.Errorf("parts %q of %d instructions, want %q of %d", got, next, want, c.Len())
	}
}

func TestCallRela(t *testing.T) {
	o := refObject(le, elftest.Call(le, 1, 0), elftest.Reloc{Type: 10, Symbol: ".text", Addend: 16})
	o.Sections[0].Rela = true
	c, err := linkFirst(t, o)
	if err != nil {
		t.Fatal(err)
	}
	checkParts(t, c, "p sub1")
}

// A walk into each function when it is first called gives the order: b comes
// before c, although c is called first by a's caller's next instruction.
func TestOrderOfSubprograms(t *testing.T) {
	sym := func(name string, off, size uint64) elftest.Symbol { return elftest.Func(name, ".text", off, size) }
	sec := elftest.Exec("xdp", elftest.Call(le, 1, -1), elftest.Call(le, 1, -1), elftest.Exit(le))
	sec.Relocs = []elftest.Reloc{{Offset: 0, Type: 10, Symbol: "a"}, {Offset: 8, Type: 10, Symbol: "c"}}
	text := elftest.Exec(".text", code(le, 2), code(le, 2), elftest.Call(le, 1, -1), elftest.LdImm64(le, 1, 0, 0), elftest.Exit(le))
	text.Relocs = []elftest.Reloc{{Offset: 32, Type: 10, Symbol: "b"}, {Offset: 40, Type: 1, Symbol: "m1"}} // T24: references in subprograms
	o := elftest.Object{Sections: []elftest.Section{text, sec, elftest.Data("maps", make([]byte, 32))},
		Symbols: []elftest.Symbol{sym("c", 0, 16), sym("b", 16, 16), sym("a", 32, 32), elftest.Func("p", "xdp", 0, 24), elftest.Global("m1", "maps", 16, 16)}}
	c, err := linkFirst(t, &o)
	if err != nil {
		t.Fatal(err)
	}
	checkParts(t, c, "p a b c")
	p := insns{c.Insns, le}
	for slot, want := range map[int]int32{0: 2, 1: 7, 3: 3} {
		if got := p.imm(slot); got != want {
			t.Errorf("imm of %d: got %d, want %d", slot, got, want)
		}
	}
	if want := []MapRef{{Insn: 4, Map: 1}}; !slices.Equal(c.Maps, want) {
		t.Errorf("maps %+v", c.Maps)
	}
	part, off, ok := c.Part(4)
	if part.Name != "a" || off != 40 || !ok {
		t.Errorf("instruction 4 is at %q+%d, %v", part.Name, off, ok)
	}
	for _, slot := range []int{-1, c.Len()} {
		if _, _, ok := c.Part(slot); ok {
			t.Errorf("instruction %d is in a part", slot)
		}
	}
}

func TestFunctionPointer(t *testing.T) {
	for _, order := range orders {
		for _, tt := range []struct {
			symbol string
			addend int32
			part   string
		}{{"sub0", 0, "sub0"}, {".text", 16, "sub1"}} {
			c, err := linkFirst(t, wideRef(order, tt.symbol, tt.addend))
			if err != nil {
				t.Fatal(err)
			}
			checkParts(t, c, "p "+tt.part)
			if want := elftest.LdImm64(order, elftest.R1, 4, 2); !bytes.Equal(c.Insns[:16], want) {
				t.Errorf("%v %s: got %x, want %x", order, tt.symbol, c.Insns[:16], want)
			}
		}
	}
}

func TestLinkErrors(t *testing.T) {
	wide := elftest.LdImm64(le, elftest.R1, 0, 0)
	at := func(off uint64, typ uint32, symbol string) elftest.Reloc {
		return elftest.Reloc{Offset: off, Type: typ, Symbol: symbol}
	}
	const p0 = `section "xdp", symbol "p", offset 0x0: `
	tests := []struct {
		name   string
		insns  []byte
		relocs []elftest.Reloc
		code   string
		want   string
	}{
		{"R15 a section that nobody owns", wide, []elftest.Reloc{at(0, 1, "lost")}, "reloc_target",
			p0 + `relocation against section "other", which holds no map and no data`},
		{"L20 the middle of a legacy definition", elftest.LdImm64(le, 1, 0, 8), []elftest.Reloc{at(0, 1, "m0")}, "reloc_target",
			p0 + `reference to "m0" leads to offset 0x8 of section "maps", where no map begins: into the middle of a map definition?`},
		{"R130 beyond the data", elftest.LdImm64(le, 1, 0, 8), []elftest.Reloc{at(0, 1, "var")}, "reloc_range",
			p0 + `reference to "var" leads to offset 0xc, outside section ".data" of 12 bytes`},
		{"R130 before the data", elftest.LdImm64(le, 1, 0, 0xfffffff0), []elftest.Reloc{at(0, 1, "var")}, "reloc_range",
			p0 + `reference to "var" leads to offset 0xfffffffffffffff4, outside section ".data" of 12 bytes`},
		{"R131 common symbol", wide, []elftest.Reloc{at(0, 1, "common")}, "reloc_common",
			p0 + `"common" is a common symbol, which has no place in the object: compile with -fno-common`},
		{"R131 absolute symbol", wide, []elftest.Reloc{at(0, 1, "absolute")}, "reloc_absolute", p0 + `"absolute" is an absolute symbol`},
		{"R131 undefined, not extern-shaped", wide, []elftest.Reloc{at(0, 1, "undefObject")}, "reloc_target",
			p0 + `symbol "undefObject" is defined in no section`},
		{"R131 null symbol", wide, []elftest.Reloc{{Type: 1}}, "reloc_target", p0 + `symbol "" is defined in no section`},
		{"R131 other instruction", elftest.Mov(le, 1, 0), []elftest.Reloc{at(0, 1, "m0")}, "reloc_instruction",
			p0 + `relocation against "m0" is on opcode 0xb7, which is neither ld_imm64 nor call`},
		{"R131 unaligned", slices.Concat(elftest.Mov(le, 1, 0), elftest.Mov(le, 1, 0)), []elftest.Reloc{at(4, 1, "m0")}, "reloc_place",
			`section "xdp", symbol "p", offset 0x4: relocation against "m0" does not begin at an instruction`},
		{"R131 second half of ld_imm64", wide, []elftest.Reloc{at(8, 1, "m0")}, "reloc_place",
			`section "xdp", symbol "p", offset 0x8: relocation against "m0" does not begin at an instruction`},
		{"two relocations", wide, []elftest.Reloc{at(0, 1, "m0"), at(0, 1, "m1")}, "reloc_twice", p0 + `two relocations are on one instruction`},
		{"type of data", wide, []elftest.Reloc{at(0, 2, "m0")}, "reloc_type", p0 + `relocation type 2 is not one for instructions`},
		{"ld_imm64 without relocation", elftest.LdImm64(le, 1, 1, 3), nil, "pseudo_source",
			p0 + `ld_imm64 has source register 1, which asks for a relocation, but there is none`},
		{"call of data", elftest.Call(le, 1, -1), []elftest.Reloc{at(0, 10, "var")}, "call_target",
			p0 + `call of "var" leads to offset 0x4 of section ".data", where no function begins`},
		{"call into a function", elftest.Call(le, 1, 0), []elftest.Reloc{at(0, 10, ".text")}, "call_target",
			p0 + `call of ".text" leads to offset 0x8 of section ".text", where no function begins`},
		{"call before the section", elftest.Call(le, 1, -5), nil, "call_target", p0 + `call leads to before the section`},
		{"relocated call before the section", elftest.Call(le, 1, -5), []elftest.Reloc{at(0, 10, ".text")}, "call_target",
			p0 + `call of ".text" leads to before the section`},
		{"helper call with relocation", elftest.Call(le, 0, -1), []elftest.Reloc{at(0, 10, "sub0")}, "reloc_instruction",
			p0 + `relocation against "sub0" is on a call of a helper`},
		{"pointer into a function", elftest.LdImm64(le, 1, 0, 8), []elftest.Reloc{at(0, 1, ".text")}, "reloc_function",
			p0 + `pointer to ".text" leads to offset 0x8 of section ".text", where no function begins`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := linkFirst(t, refObject(le, tt.insns, tt.relocs...))
			if c != nil || err == nil {
				t.Fatalf("got %+v, %v", c, err)
			}
			checkError(t, err, tt.code, tt.want)
		})
	}
}

func TestTruncatedLoad(t *testing.T) {
	o := elftest.Object{Sections: []elftest.Section{elftest.Exec("xdp", elftest.LdImm64(le, 1, 0, 0)[:8])},
		Symbols: []elftest.Symbol{elftest.Func("p", "xdp", 0, 8)}}
	_, err := linkFirst(t, &o)
	checkError(t, err, "truncated", `section "xdp", symbol "p", offset 0x0: ld_imm64 has no second half in the function`)
}

// R132: libbpf refuses an object for a bad reference in any program; here the
// other programs load.
func TestErrorsConcernOneProgram(t *testing.T) {
	good, bad := elftest.Exec("tc", code(le, 2)), elftest.Exec("xdp", elftest.LdImm64(le, 1, 0, 0), elftest.Exit(le))
	bad.Relocs = []elftest.Reloc{{Type: 1, Symbol: "lost"}}
	o := elftest.Object{Sections: []elftest.Section{bad, good, elftest.Data("other", make([]byte, 8))},
		Symbols: []elftest.Symbol{elftest.Func("p", "xdp", 0, 24), elftest.Func("q", "tc", 0, 16), elftest.Global("lost", "other", 0, 8)}}
	f := o.File()
	s, err := Parse(f)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Link(0, fakeRefs{f}); err == nil {
		t.Error("the bad program links")
	}
	if c, err := s.Link(1, fakeRefs{f}); err != nil || c.Len() != 2 {
		t.Errorf("the good program: %v", err)
	}
}

func TestTooLong(t *testing.T) {
	call := elftest.Exec("xdp", elftest.Call(le, 1, -1), elftest.Exit(le))
	call.Relocs = []elftest.Reloc{{Type: 10, Symbol: "sub"}}
	o := elftest.Object{Sections: []elftest.Section{call, elftest.Exec(".text", make([]byte, 8*999999))},
		Symbols: []elftest.Symbol{elftest.Func("p", "xdp", 0, 16), elftest.Func("sub", ".text", 0, 8*999999)}}
	_, err := linkFirst(t, &o)
	checkError(t, err, "too_long", `section ".text", symbol "sub", offset 0x0: the linked program has more than 1000000 instructions, which no kernel takes`)
}
