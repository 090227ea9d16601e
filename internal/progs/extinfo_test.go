package progs

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/mapdef"
)

// extFixture is an object whose program p calls sub in .text; its .BTF.ext can
// be edited before it is built.
type extFixture struct {
	order    binary.ByteOrder
	btf      *elftest.BTF
	fp, fsub elftest.ID
	infos    []elftest.ExtSection
	edit     func(ext []byte) []byte
	sections []elftest.Section
	symbols  []elftest.Symbol
}

func newExtFixture(order binary.ByteOrder) *extFixture {
	x := &extFixture{order: order, btf: elftest.NewBTF(order)}
	proto := x.btf.FuncProto(0)
	x.fp, x.fsub = x.btf.Func("p", proto, 1), x.btf.Func("sub", proto, 0)
	xdp := elftest.Exec("xdp", elftest.Mov(order, 1, 0), elftest.Call(order, 1, -1), elftest.Exit(order))
	xdp.Relocs = []elftest.Reloc{{Offset: 8, Type: mapdef.R_BPF_64_32, Symbol: "sub"}}
	x.sections = []elftest.Section{elftest.Exec(".text", code(order, 2), code(order, 2)), xdp}
	x.symbols = []elftest.Symbol{elftest.Func("other", ".text", 0, 16), elftest.Func("sub", ".text", 16, 16), elftest.Func("p", "xdp", 0, 24)}
	x.infos = []elftest.ExtSection{
		{Section: ".text", Funcs: []elftest.FuncInfo{{Off: 0, Type: x.fp}, {Off: 16, Type: x.fsub}},
			Lines: []elftest.LineInfo{{Off: 0, File: "a.c", Text: "other", Line: 1}, {Off: 16, File: "a.c", Text: "sub", Line: 7, Col: 3}, {Off: 24, File: "a.c", Text: "}", Line: 8}}},
		{Section: "xdp", Funcs: []elftest.FuncInfo{{Off: 0, Type: x.fp}},
			Lines: []elftest.LineInfo{{Off: 0, File: "a.c", Text: "p", Line: 20, Col: 1}, {Off: 8, File: "a.c", Text: "  sub();", Line: 21, Col: 2}}},
	}
	return x
}

func (x *extFixture) file() *mapdef.File {
	ext := x.btf.Ext(x.infos...)
	if x.edit != nil {
		ext.Data = x.edit(ext.Data)
	}
	o := elftest.Object{Order: x.order, Sections: append(slices.Clone(x.sections), x.btf.Section(), ext), Symbols: x.symbols}
	return o.File()
}

func (x *extFixture) link(t *testing.T) (*Set, *Code) {
	t.Helper()
	f := x.file()
	s, err := Parse(f)
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.Link(0, fakeRefs{f})
	if err != nil {
		t.Fatal(err)
	}
	return s, c
}

func words(order binary.ByteOrder, b []byte) (out []uint32) {
	for ; len(b) >= 4; b = b[4:] {
		out = append(out, order.Uint32(b))
	}
	return out
}

// lineTexts lists the source line of every instruction.
func lineTexts(c *Code) string {
	var out []string
	for i := range c.Len() {
		l, ok := c.Line(i)
		if !ok {
			out = append(out, "-")
			continue
		}
		out = append(out, fmt.Sprintf("%s:%d:%d:%s", l.File, l.Line, l.Col, l.Text))
	}
	return strings.Join(out, " | ")
}

func TestExtInfos(t *testing.T) {
	for _, order := range orders {
		x := newExtFixture(order)
		s, c := x.link(t)
		if len(s.Warnings)+len(c.Warnings) > 0 {
			t.Errorf("warnings %v %v", s.Warnings, c.Warnings)
		}
		if got, want := words(order, c.FuncInfo), []uint32{0, x.fp, 3, x.fsub}; !slices.Equal(got, want) {
			t.Errorf("func info %v, want %v", got, want)
		}
		const want = "a.c:20:1:p | a.c:21:2:  sub(); | a.c:21:2:  sub(); | a.c:7:3:sub | a.c:8:0:}"
		if got := lineTexts(c); got != want {
			t.Errorf("lines %q", got)
		}
		if n := len(c.LineInfo); n != 4*LineInfoSize {
			t.Errorf("%d bytes of line info", n)
		}
	}
}

func TestExtRecordSizes(t *testing.T) {
	// func_info records of 12 bytes: what is not known is dropped.
	x := newExtFixture(le)
	x.edit = func([]byte) []byte {
		w := []uint32{0x0001eb9f, 24, 0, 4 + 2*8 + 3*12, 4 + 2*8 + 3*12, 0}
		w = append(w, 12, x.btf.String(".text"), 2, 0, x.fp, 111, 16, x.fsub, 222, x.btf.String("xdp"), 1, 0, x.fp, 333)
		return appendWords(le, nil, w...)
	}
	s, c := x.link(t)
	if got, want := words(le, c.FuncInfo), []uint32{0, x.fp, 3, x.fsub}; !slices.Equal(got, want) || len(s.Warnings) > 0 {
		t.Errorf("func info %v, want %v; warnings %v", got, want, s.Warnings)
	}
	if c.LineInfo != nil || c.Core != nil {
		t.Error("an old header (24 bytes) has lines or CO-RE relocations")
	}
}

// R28, D12: nothing that is wrong with .BTF.ext is an error.
func TestBrokenExt(t *testing.T) {
	put := func(off int, v uint32) func([]byte) []byte {
		return func(b []byte) []byte { le.PutUint32(b[off:], v); return b }
	}
	whole := func(why string) string {
		return ".BTF.ext is left out: " + why + "; programs have no function and line information and no CO-RE relocations"
	}
	tests := []struct {
		name  string
		edit  func([]byte) []byte
		want  string
		funcs bool // func info survives
	}{
		{"too short", func(b []byte) []byte { return b[:20] }, whole("header needs 24 bytes, the section has 20"), false},
		{"magic", put(0, 0x0001dead), whole("magic is 0xdead instead of 0xeb9f"), false},
		{"version", put(0, 0x0002eb9f), whole("version 2 is not known"), false},
		{"header too short", put(4, 16), whole("header length 16 is not between 24 and the 180 bytes of the section"), false},
		{"header too long", put(4, 1<<31), whole("header length 2147483648 is not between 24 and the 180 bytes of the section"), false},
		{"part out of range", put(8, 0xffffffff), "func_info of .BTF.ext is left out: 44 bytes at 0x10000001f are outside the section of 180 bytes", false},
		{"part of 2 bytes", put(12, 2), "func_info of .BTF.ext is left out: record size is cut off", false},
		{"record too small", put(32, 4), "func_info of .BTF.ext is left out: record size 4 is not between 8 and 256", false},
		{"record too large", put(32, 0x10000), "func_info of .BTF.ext is left out: record size 65536 is not between 8 and 256", false},
		{"section name", put(36, 0xffffff), "func_info of .BTF.ext is left out: section name at 0xffffff is not a string", false},
		{"records cut off", put(40, 0xffffffff), `func_info of .BTF.ext is left out: 4294967295 records of section ".text" are cut off`, false},
		{"block header cut off", put(12, 40), "func_info of .BTF.ext is left out: 1 records of section \"xdp\" are cut off", false},
		{"line info only", put(16, 0xffffff), "line_info of .BTF.ext is left out: 100 bytes at 0x100001f are outside the section of 180 bytes", true},
		{"record between instructions", put(44, 4), "func_info record at offset 0x4 is not on an instruction of section \".text\"; those of the section are left out", false},
		{"record beyond the section", put(44, 64), "func_info record at offset 0x40 is not on an instruction of section \".text\"; those of the section are left out", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			x := newExtFixture(le)
			x.edit = tt.edit
			s, c := x.link(t)
			if len(s.Warnings) != 1 || s.Warnings[0].Message != tt.want || s.Warnings[0].Section != ".BTF.ext" {
				t.Errorf("warnings\n got %+v\nwant %s", s.Warnings, tt.want)
			}
			if (c.FuncInfo != nil) != tt.funcs {
				t.Errorf("func info %v", c.FuncInfo)
			}
		})
	}
}

func TestExtWithoutBTF(t *testing.T) {
	x := newExtFixture(le)
	f := x.file()
	f.BTF = nil
	s, err := Parse(f)
	if err != nil || len(s.Warnings) != 1 || s.Warnings[0].Code != "btf_ext_unused" {
		t.Fatalf("got %v, %v", s, err)
	}
	if c, err := s.Link(0, fakeRefs{f}); err != nil || c.FuncInfo != nil {
		t.Errorf("got %+v, %v", c, err)
	}
}

// The kernel takes func info for all functions or for none.
func TestMissingFuncInfo(t *testing.T) {
	tests := []struct {
		name string
		edit func(x *extFixture)
		warn string
	}{
		{"of a subprogram", func(x *extFixture) { x.infos[0].Funcs = x.infos[0].Funcs[:1] },
			`program "p" has no function information, because .BTF.ext has none for function "sub"`},
		{"of the program", func(x *extFixture) { x.infos[1].Funcs = nil },
			`program "p" has no function information, because .BTF.ext has none for function "p"`},
		{"of all", func(x *extFixture) { x.infos[0].Funcs, x.infos[1].Funcs = nil, nil }, ""},
		{"not a FUNC", func(x *extFixture) { x.infos[0].Funcs[1].Type = 1 },
			`program "p" has no function information, because .BTF.ext has none for function "sub"`},
		{"type out of range", func(x *extFixture) { x.infos[0].Funcs[1].Type = 99 },
			`program "p" has no function information, because .BTF.ext has none for function "sub"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			x := newExtFixture(le)
			tt.edit(x)
			_, c := x.link(t)
			got := ""
			for _, w := range c.Warnings {
				got += w.Message
			}
			if c.FuncInfo != nil || got != tt.warn {
				t.Errorf("func info %v, warnings %+v", c.FuncInfo, c.Warnings)
			}
		})
	}
}

func TestLineInfo(t *testing.T) {
	tests := []struct {
		name string
		edit func(x *extFixture)
		want []uint32 // insn_off of the records
		text string
	}{
		{"unsorted", func(x *extFixture) { slices.Reverse(x.infos[1].Lines) }, []uint32{0, 1, 3, 4},
			"a.c:20:1:p | a.c:21:2:  sub(); | a.c:21:2:  sub(); | a.c:7:3:sub | a.c:8:0:}"},
		{"two records at one place: the first", func(x *extFixture) {
			x.infos[1].Lines = append(x.infos[1].Lines, elftest.LineInfo{Off: 8, File: "b.c", Text: "x", Line: 1})
		}, []uint32{0, 1, 3, 4}, "a.c:20:1:p | a.c:21:2:  sub(); | a.c:21:2:  sub(); | a.c:7:3:sub | a.c:8:0:}"},
		{"none for a subprogram: an empty one", func(x *extFixture) { x.infos[0].Lines = nil }, []uint32{0, 1, 3},
			"a.c:20:1:p | a.c:21:2:  sub(); | a.c:21:2:  sub(); | - | -"},
		{"none at the start: an empty one", func(x *extFixture) { x.infos[1].Lines = x.infos[1].Lines[1:] }, []uint32{0, 1, 3, 4},
			"- | a.c:21:2:  sub(); | a.c:21:2:  sub(); | a.c:7:3:sub | a.c:8:0:}"},
		{"none at all", func(x *extFixture) { x.infos[0].Lines, x.infos[1].Lines = nil, nil }, nil, "- | - | - | - | -"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			x := newExtFixture(le)
			tt.edit(x)
			_, c := x.link(t)
			var offs []uint32
			for w := words(le, c.LineInfo); len(w) > 0; w = w[4:] {
				offs = append(offs, w[0])
			}
			if !slices.Equal(offs, tt.want) {
				t.Errorf("records at %v, want %v", offs, tt.want)
			}
			if got := lineTexts(c); got != tt.text {
				t.Errorf("\n got %s\nwant %s", got, tt.text)
			}
		})
	}
}

// Records name sections by name only.
func TestSectionsOfOneName(t *testing.T) {
	build := func(blocks int) *mapdef.File {
		x := newExtFixture(le)
		x.sections = []elftest.Section{elftest.Exec("xdp", code(le, 2)), elftest.Exec("xdp", code(le, 3))}
		second := elftest.Func("q", "", 0, 24)
		second.Index = 2
		x.symbols = []elftest.Symbol{elftest.Func("p", "xdp", 0, 16), second}
		x.infos = nil
		for i := range blocks {
			x.infos = append(x.infos, elftest.ExtSection{Section: "xdp", Funcs: []elftest.FuncInfo{{Off: 0, Type: x.fp + uint32(i)}},
				CORE: []elftest.CORERelo{{Off: 0, Type: 1, Access: "0", Kind: 8}}})
		}
		return x.file()
	}
	f := build(2)
	s, err := Parse(f)
	if err != nil || len(s.Warnings) > 0 {
		t.Fatal(err, s.Warnings)
	}
	for i, want := range []uint32{2, 3} {
		c, err := s.Link(i, fakeRefs{f})
		if err != nil || !slices.Equal(words(le, c.FuncInfo), []uint32{0, want}) || len(c.Core) != 1 || c.Core[0].rank != i {
			t.Errorf("as many blocks as sections: %+v, %v", c, err)
		}
	}
	f = build(1)
	if s, err = Parse(f); err != nil || len(s.Warnings) != 2 {
		t.Fatal(err, s.Warnings)
	}
	_, err = s.Link(1, fakeRefs{f})
	checkError(t, err, "core_records", `section "xdp", symbol "q": its CO-RE relocations do not say which of 2 sections of that name they are for`)
}

func TestExtSectionUnknown(t *testing.T) {
	x := newExtFixture(le)
	x.infos = append(x.infos, elftest.ExtSection{Section: "gone", Funcs: []elftest.FuncInfo{{Type: x.fp}}})
	s, c := x.link(t)
	if len(s.Warnings) != 1 || s.Warnings[0].Code != "btf_ext_section" || c.FuncInfo == nil {
		t.Errorf("got %+v", s.Warnings)
	}
}

// Several blocks of one section are one list.
func TestBlocksJoin(t *testing.T) {
	x := newExtFixture(le)
	x.infos = append(x.infos[1:], elftest.ExtSection{Section: ".text", Funcs: []elftest.FuncInfo{{Off: 16, Type: x.fsub}}},
		elftest.ExtSection{Section: ".text", Funcs: []elftest.FuncInfo{{Off: 0, Type: x.fp}}})
	_, c := x.link(t)
	if got, want := words(le, c.FuncInfo), []uint32{0, x.fp, 3, x.fsub}; !slices.Equal(got, want) {
		t.Errorf("func info %v, want %v", got, want)
	}
}

func TestExtNotPresent(t *testing.T) {
	o := elftest.Object{Sections: []elftest.Section{elftest.Exec("xdp", code(le, 2)), {Name: ".BTF.ext", Type: elf.SHT_PROGBITS}},
		Symbols: []elftest.Symbol{elftest.Func("p", "xdp", 0, 16)}}
	c, err := linkFirst(t, &o)
	if err != nil || c.FuncInfo != nil || c.LineInfo != nil || !bytes.Equal(c.Insns, code(le, 2)) {
		t.Errorf("got %+v, %v", c, err)
	}
	if _, ok := c.Line(0); ok {
		t.Error("a line without line info")
	}
}
