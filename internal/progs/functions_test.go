package progs

import (
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/mapdef"
)

var le = binary.LittleEndian

// orders are the byte orders that every test of bytes runs with.
var orders = []binary.ByteOrder{binary.LittleEndian, binary.BigEndian}

// code is n instructions: r0 = i … exit.
func code(order binary.ByteOrder, n int) []byte {
	var out []byte
	for i := range n - 1 {
		out = append(out, elftest.Mov(order, elftest.R0, int32(i))...)
	}
	return append(out, elftest.Exit(order)...)
}

func static(s elftest.Symbol) elftest.Symbol { s.Bind = elf.STB_LOCAL; return s }

func weak(s elftest.Symbol) elftest.Symbol { s.Bind = elf.STB_WEAK; return s }

func notype(s elftest.Symbol) elftest.Symbol { s.Type, s.Size = elf.STT_NOTYPE, 0; return s }

// describe lists programs as "name@section+offset:size".
func describe(s *Set) string {
	var out []string
	for _, p := range s.Programs {
		d := fmt.Sprintf("%s@%s+%d:%d", p.Name, p.Section, p.Offset, p.Size)
		for _, a := range p.Aliases {
			d += "=" + a
		}
		if !p.Autoload {
			d += "!"
		}
		out = append(out, d)
	}
	return strings.Join(out, " ")
}

func describeAll(s *Set) string {
	var out []string
	for _, f := range s.funcs {
		d := fmt.Sprintf("%s@%s+%d:%d", f.name, s.file.Sections[f.section].Name, f.off, f.size)
		if f.static {
			d += "(static)"
		}
		out = append(out, d)
	}
	return strings.Join(out, " ")
}

// calls is a section with a function that calls another by its symbol.
func calls(section, symbol string) elftest.Section {
	s := elftest.Exec(section, elftest.Call(le, 1, -1), elftest.Exit(le))
	s.Relocs = []elftest.Reloc{{Type: mapdef.R_BPF_64_32, Symbol: symbol}}
	return s
}

func TestPrograms(t *testing.T) {
	exec := func(name string, n int) elftest.Section { return elftest.Exec(name, code(le, n)) }
	tests := []struct {
		name     string
		sections []elftest.Section
		symbols  []elftest.Symbol
		programs string
		all      string // "" when as programs
	}{
		{"section order then offset", []elftest.Section{exec("xdp", 4), exec("tc", 2)},
			[]elftest.Symbol{elftest.Func("c", "tc", 0, 16), elftest.Func("b", "xdp", 16, 16), elftest.Func("a", "xdp", 0, 16)},
			"a@xdp+0:16 b@xdp+16:16 c@tc+0:16", ""},
		{"weak programs", []elftest.Section{exec("xdp", 2)}, []elftest.Symbol{weak(elftest.Func("w", "xdp", 0, 16))}, "w@xdp+0:16", ""},
		{".text has subprograms where there are programs", []elftest.Section{exec(".text", 2), exec("xdp", 2)},
			[]elftest.Symbol{elftest.Func("sub", ".text", 0, 16), elftest.Func("p", "xdp", 0, 16)},
			"p@xdp+0:16", "sub@.text+0:16 p@xdp+0:16"},
		{"split .text is .text", []elftest.Section{exec(".text.unlikely.", 2), exec("xdp", 2)},
			[]elftest.Symbol{elftest.Func("sub", ".text.unlikely.", 0, 16), elftest.Func("p", "xdp", 0, 16)},
			"p@xdp+0:16", "sub@.text.unlikely.+0:16 p@xdp+0:16"},
		{".text has programs where there are no others", []elftest.Section{exec(".text", 4)},
			[]elftest.Symbol{elftest.Func("p", ".text", 0, 16), static(elftest.Func("s", ".text", 16, 16))},
			"p@.text+0:16", "p@.text+0:16 s@.text+16:16(static)"},
		{"a static function that is all of its section is a program", []elftest.Section{exec("xdp", 2), exec("tc", 2), exec("other", 2)},
			[]elftest.Symbol{elftest.Func("p", "xdp", 0, 16), static(elftest.Func("s", "tc", 0, 16)), static(elftest.Func("o", "other", 0, 16))},
			"p@xdp+0:16 s@tc+0:16", "p@xdp+0:16 s@tc+0:16(static) o@other+0:16(static)"},
		{"static functions outside .text are subprograms", []elftest.Section{exec("xdp", 4)},
			[]elftest.Symbol{elftest.Func("p", "xdp", 0, 16), static(elftest.Func("s", "xdp", 16, 16))},
			"p@xdp+0:16", "p@xdp+0:16 s@xdp+16:16(static)"},
		{"called functions in a section of unknown name are subprograms", []elftest.Section{
			elftest.Exec("xdp", elftest.Call(le, 1, 1), elftest.Exit(le), code(le, 2)), exec("other", 4), calls("third", "b")},
			[]elftest.Symbol{elftest.Func("p", "xdp", 0, 16), elftest.Func("q", "xdp", 16, 16), elftest.Func("a", "other", 0, 16),
				elftest.Func("b", "other", 16, 16), elftest.Func("c", "third", 0, 16)},
			"p@xdp+0:16 q@xdp+16:16 a@other+0:16 c@third+0:16", "p@xdp+0:16 q@xdp+16:16 a@other+0:16 b@other+16:16 c@third+0:16"},
		{"a program may call itself", []elftest.Section{calls("other", "a")}, []elftest.Symbol{elftest.Func("a", "other", 0, 16)}, "a@other+0:16", ""},
		{"question mark", []elftest.Section{exec("?tc", 2)}, []elftest.Symbol{elftest.Func("p", "?tc", 0, 16)}, "p@?tc+0:16!", ""},
		{"sizes 0 reach to the next function", []elftest.Section{exec("xdp", 6)},
			[]elftest.Symbol{elftest.Func("a", "xdp", 0, 0), elftest.Func("b", "xdp", 32, 0)}, "a@xdp+0:32 b@xdp+32:16", ""},
		{"aliases: global before weak before local", []elftest.Section{exec("xdp", 2)},
			[]elftest.Symbol{static(elftest.Func("l", "xdp", 0, 16)), weak(elftest.Func("w", "xdp", 0, 0)), elftest.Func("g", "xdp", 0, 16)},
			"g@xdp+0:16=w=l", ""},
		{"clang 7: global NOTYPE are functions, labels are not", []elftest.Section{exec("xdp", 6)},
			[]elftest.Symbol{notype(static(elftest.Func("LBB0_1", "xdp", 8, 0))), notype(elftest.Func("a", "xdp", 0, 0)), notype(elftest.Func("b", "xdp", 32, 0))},
			"a@xdp+0:32 b@xdp+32:16", ""},
		{"labels beside functions", []elftest.Section{exec("xdp", 2)},
			[]elftest.Symbol{elftest.Func("a", "xdp", 0, 16), notype(elftest.Func("label", "xdp", 8, 0))}, "a@xdp+0:16", ""},
		{"L37 a section without symbols is a program", []elftest.Section{exec("socket1", 2), exec("socket2", 3)}, nil,
			"socket1@socket1+0:16 socket2@socket2+0:24", ""},
		{"empty sections and data are none", []elftest.Section{exec("xdp", 2), elftest.Exec(".text"), elftest.Data(".data", make([]byte, 16))},
			[]elftest.Symbol{elftest.Func("a", "xdp", 0, 16), elftest.Func("d", ".data", 0, 16)}, "a@xdp+0:16", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := elftest.Object{Sections: tt.sections, Symbols: tt.symbols}
			s, err := Parse(o.File())
			if err != nil {
				t.Fatal(err)
			}
			if got := describe(s); got != tt.programs {
				t.Errorf("programs\n got %s\nwant %s", got, tt.programs)
			}
			if got := describeAll(s); tt.all != "" && got != tt.all {
				t.Errorf("functions\n got %s\nwant %s", got, tt.all)
			}
			if len(s.Warnings) > 0 {
				t.Errorf("warnings: %v", s.Warnings)
			}
		})
	}
}

// Old objects mark called functions neither by size nor by type.
func TestOldCallTargets(t *testing.T) {
	for _, order := range orders {
		text := slices.Concat(code(order, 2), code(order, 2))
		main := slices.Concat(elftest.Call(order, 1, 1), elftest.Call(order, 1, 1), elftest.Exit(order), code(order, 2))
		o := elftest.Object{Order: order,
			Sections: []elftest.Section{elftest.Exec(".text", text), {Name: "xdp", Flags: elftest.Exec("").Flags, Data: main,
				Relocs: []elftest.Reloc{{Offset: 8, Type: mapdef.R_BPF_64_32, Symbol: ".text"}}}},
			Symbols: []elftest.Symbol{elftest.SectionSymbol(".text"), notype(static(elftest.Func("helper", "xdp", 16, 0))), notype(elftest.Func("p", "xdp", 0, 0))},
		}
		s, err := Parse(o.File())
		if err != nil {
			t.Fatal(err)
		}
		const want = ".text@.text+0:16 .text+0x10@.text+16:16(static) p@xdp+0:16 helper@xdp+16:24(static)"
		if got := describeAll(s); got != want {
			t.Errorf("%v:\n got %s\nwant %s", order, got, want)
		}
	}
}

func TestParseErrors(t *testing.T) {
	exec := elftest.Exec("xdp", code(le, 4))
	relocated := func(off uint64) elftest.Section {
		s := exec
		s.Relocs = []elftest.Reloc{{Offset: off, Type: mapdef.R_BPF_64_64, Symbol: "a"}}
		return s
	}
	tests := []struct {
		name    string
		section elftest.Section
		symbols []elftest.Symbol
		code    string
		want    string
	}{
		{"section is not whole instructions", elftest.Exec("xdp", make([]byte, 12)), nil, "code_size",
			`section "xdp": has 12 bytes, which is not a number of 8-byte instructions`},
		{"overlap", exec, []elftest.Symbol{elftest.Func("a", "xdp", 0, 24), elftest.Func("b", "xdp", 16, 16)}, "function_overlap",
			`section "xdp", symbol "b", offset 0x10: begins inside the function before it, which ends at 0x18`},
		{"end out of range", exec, []elftest.Symbol{elftest.Func("a", "xdp", 16, 24)}, "function_range",
			`section "xdp", symbol "a", offset 0x10: function of 24 bytes is outside the section of 32 bytes`},
		{"start out of range", exec, []elftest.Symbol{elftest.Func("a", "xdp", 32, 0)}, "function_range",
			`section "xdp", symbol "a", offset 0x20: function of 0 bytes is outside the section of 32 bytes`},
		{"size wraps", exec, []elftest.Symbol{elftest.Func("a", "xdp", 8, ^uint64(0))}, "function_range",
			`section "xdp", symbol "a", offset 0x8: function of 18446744073709551615 bytes is outside the section of 32 bytes`},
		{"size is not whole instructions", exec, []elftest.Symbol{elftest.Func("a", "xdp", 0, 20)}, "function_alignment",
			`section "xdp", symbol "a", offset 0x0: function of 20 bytes does not consist of whole 8-byte instructions`},
		{"start is not an instruction", exec, []elftest.Symbol{elftest.Func("a", "xdp", 4, 8)}, "function_alignment",
			`section "xdp", symbol "a", offset 0x4: function of 8 bytes does not consist of whole 8-byte instructions`},
		{"aliases of different size", exec, []elftest.Symbol{elftest.Func("a", "xdp", 0, 16), elftest.Func("b", "xdp", 0, 32)}, "function_size",
			`section "xdp", symbol "a", offset 0x0: two symbols at one place have sizes 16 and 32`},
		{"R131 relocation beyond the section", relocated(32), []elftest.Symbol{elftest.Func("a", "xdp", 0, 32)}, "reloc_range",
			`section "xdp", offset 0x20: relocation is beyond the section of 32 bytes`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := elftest.Object{Sections: []elftest.Section{tt.section}, Symbols: tt.symbols}
			s, err := Parse(o.File())
			if s != nil || err == nil {
				t.Fatalf("got %v, %v", s, err)
			}
			checkError(t, err, tt.code, tt.want)
		})
	}
}

func checkError(t *testing.T, err error, code, want string) {
	t.Helper()
	var e *mapdef.Error
	if !errors.As(err, &e) {
		t.Fatalf("%v is a %T", err, err)
	}
	if e.Code != code || err.Error() != want || !errors.Is(err, mapdef.ErrBadObject) {
		t.Errorf("code %q (want %q):\n got %s\nwant %s", e.Code, code, err, want)
	}
}

func TestUnownedCodeIsTold(t *testing.T) {
	o := elftest.Object{Sections: []elftest.Section{elftest.Exec(".text", code(le, 6))},
		Symbols: []elftest.Symbol{elftest.Func("a", ".text", 8, 16)}}
	s, err := Parse(o.File())
	if err != nil {
		t.Fatal(err)
	}
	want := []mapdef.Warning{
		{Code: "unowned_code", Section: ".text", Offset: mapdef.At(0), Message: `8 bytes of section ".text" at offset 0x0 belong to no function and are left out`},
		{Code: "unowned_code", Section: ".text", Offset: mapdef.At(24), Message: `24 bytes of section ".text" at offset 0x18 belong to no function and are left out`},
	}
	if !slices.Equal(s.Warnings, want) {
		t.Errorf("got %+v", s.Warnings)
	}
}

func TestProgramAt(t *testing.T) {
	o := elftest.Object{Sections: []elftest.Section{elftest.Exec(".text", code(le, 2)), elftest.Exec("xdp", code(le, 4))},
		Symbols: []elftest.Symbol{elftest.Func("sub", ".text", 0, 16), elftest.Func("a", "xdp", 0, 16), elftest.Func("b", "xdp", 16, 16)}}
	s, err := Parse(o.File())
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		section int
		off     uint64
		want    int
		ok      bool
	}{{2, 0, 0, true}, {2, 16, 1, true}, {2, 8, 0, false}, {1, 0, 0, false}, {0, 0, 0, false}, {99, 0, 0, false}, {-1, 0, 0, false}}
	for _, tt := range tests {
		got, ok := s.ProgramAt(tt.section, tt.off)
		if ok != tt.ok || ok && got != tt.want {
			t.Errorf("section %d+%d: got %d, %v", tt.section, tt.off, got, ok)
		}
	}
}

// A stripped object has no symbol table at all: its code is one function.
func TestNoSymbolTable(t *testing.T) {
	for _, order := range orders {
		o := &elftest.Object{Order: order, Sections: []elftest.Section{elftest.Exec("xdp", code(order, 2))}}
		f := o.File()
		f.Symbols = nil
		s, err := Parse(f)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := describe(s), "xdp@xdp+0:16"; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
