package legacymaps

import (
	"encoding/binary"
	"slices"
	"testing"

	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/mapdef"
)

const abs64 = mapdef.R_BPF_64_ABS64

// p40 is a definition of 40 bytes with the addends of its two pointers.
func p40(order binary.ByteOrder, inner, path uint64, w ...uint32) []byte {
	b := make([]byte, 40)
	for i, v := range w {
		order.PutUint32(b[4*i:], v)
	}
	order.PutUint64(b[24:], inner)
	order.PutUint64(b[32:], path)
	return b
}

// goebpfObject has maps in and out, a string section, and those relocations.
func goebpfObject(order binary.ByteOrder, relocs ...elftest.Reloc) *elftest.Object {
	o := elftest.Legacy(order, "maps", lm{Name: "in", Bytes: p40(order, 0, 0, 1, 4, 8, 16)}, lm{Name: "out", Bytes: p40(order, 0, 0, 12, 4, 0, 4)})
	o.Sections[0].Align, o.Sections[0].Relocs = 8, relocs
	strings := elftest.Data(".rodata.str1.1", []byte("/sys/fs/bpf/a\x00/sys/fs/bpf/b\x00relative\x00/not/../clean\x00/\x00/no end"))
	o.Sections = append(o.Sections, strings, elftest.Exec("xdp", elftest.Exit(order)))
	o.Symbols = append(o.Symbols, elftest.SectionSymbol("maps"), elftest.SectionSymbol(".rodata.str1.1"), elftest.SectionSymbol("xdp"),
		elftest.Local(".L.str.1", ".rodata.str1.1", 14, 14), elftest.Symbol{Name: "undefined"})
	return o
}

func at(off uint64, symbol string) elftest.Reloc {
	return elftest.Reloc{Offset: off, Type: abs64, Symbol: symbol}
}

func TestPointers(t *testing.T) {
	for _, order := range elftest.Orders() {
		for _, c := range []struct {
			rule   string
			relocs []elftest.Reloc
			addend uint64 // of out's path
			want   string
		}{
			{"L86 inner by its symbol", []elftest.Reloc{at(64, "in")}, 0, "in 1/4/8/16/0\nout 12/4/4/4/0 inner=in"},
			{"L86 inner by the section", []elftest.Reloc{at(64, "maps")}, 0, "in 1/4/8/16/0\nout 12/4/4/4/0 inner=in"},
			{"L86 path by the section", []elftest.Reloc{at(72, ".rodata.str1.1")}, 14, "in 1/4/8/16/0\nout 12/4/4/4/0 pin=custom:/sys/fs/bpf/b"},
			{"L86 path by a string's symbol", []elftest.Reloc{at(72, ".L.str.1")}, 0, "in 1/4/8/16/0\nout 12/4/4/4/0 pin=custom:/sys/fs/bpf/b"},
			{"L85 type of older clang", []elftest.Reloc{{Offset: 64, Type: mapdef.R_BPF_64_64, Symbol: "in"}}, 0, "in 1/4/8/16/0\nout 12/4/4/4/0 inner=in"},
			{"L86 both", []elftest.Reloc{at(32, ".rodata.str1.1"), at(64, "in")}, 0, "in 1/4/8/16/0 pin=custom:/sys/fs/bpf/a\nout 12/4/4/4/0 inner=in"},
		} {
			o := goebpfObject(order, c.relocs...)
			order.PutUint64(o.Sections[0].Data[72:], c.addend)
			defs, _ := parse(t, o, Options{})
			if got := summaries(defs); got != c.want || defs[0].Dialect != dGoebpf {
				t.Errorf("%s %v:\n%s", c.rule, order, got)
			}
		}
	}
}

func TestPointerAddendOfRela(t *testing.T) {
	o := goebpfObject(elftest.Orders()[0], elftest.Reloc{Offset: 72, Type: abs64, Symbol: ".rodata.str1.1", Addend: 14})
	o.Sections[0].Rela = true
	if defs, _ := parse(t, o, Options{}); defs[1].PinPath != "/sys/fs/bpf/b" {
		t.Errorf("L86 RELA: %q", defs[1].PinPath)
	}
}

func TestPointerErrors(t *testing.T) {
	le := elftest.Orders()[0]
	for _, c := range []struct {
		rule   string
		reloc  elftest.Reloc
		addend uint64
		code   string
	}{
		{"L86 inner in the middle of a map", at(64, "maps"), 4, "reloc_target"},
		{"L86 inner in another section", at(64, ".rodata.str1.1"), 0, "reloc_target"},
		{"L86 inner is the map itself", at(64, "out"), 0, "inner_map_def"},
		{"L86 inner is a later map", at(24, "out"), 0, "inner_map_def"},
		{"L86 path in code", at(72, "xdp"), 0, "reloc_target"},
		{"L86 path outside the strings", at(72, ".rodata.str1.1"), 1 << 40, "reloc_target"},
		{"L86 path without an end", at(72, ".rodata.str1.1"), 55, "reloc_target"},
		{"L86 relative path", at(72, ".rodata.str1.1"), 28, "pin_path"},
		{"L86 path that is not clean", at(72, ".rodata.str1.1"), 37, "pin_path"},
		{"L86 the root as a path", at(72, ".rodata.str1.1"), 51, "pin_path"},
		{"L86 undefined symbol", at(64, "undefined"), 0, "reloc_target"},
		{"L85 another type", elftest.Reloc{Offset: 64, Type: mapdef.R_BPF_64_ABS32, Symbol: "in"}, 0, "reloc_type"},
		{"L86 another place", at(56, "in"), 0, "reloc_in_definition"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			o := goebpfObject(le, c.reloc)
			le.PutUint64(o.Sections[0].Data[c.reloc.Offset:], c.addend)
			wantError(t, o, Options{Dialect: dGoebpf, Relaxed: true}, c.code, "goebpf")
		})
	}
}

// TestGoebpfFixups is L87.
func TestGoebpfFixups(t *testing.T) {
	le := elftest.Orders()[0]
	for _, c := range []struct {
		w    []uint32
		want string
	}{
		{words(typeProgArray, 0, 0, 4), "m 3/4/4/4/0"},
		{words(typePerfEventArray, 0, 0, 4), "m 4/4/4/4/0"},
		{words(typeArray, 0, 8, 4), "m 2/4/8/4/0"},
		{words(typeArray, 8, 8, 4), "m 2/8/8/4/0"},
		{words(typeLPMTrie, 8, 8, 4, 2), "m 11/8/8/4/3"},
		{words(1, 0, 8, 4), "m 1/0/8/4/0"},
	} {
		defs, _ := parse(t, elftest.Legacy(le, "maps", lm{Name: "m", Bytes: p40(le, 0, 0, c.w...)}), Options{Dialect: dGoebpf})
		if got := summaries(defs); got != c.want {
			t.Errorf("L87 %v: %s, want %s", c.w, got, c.want)
		}
	}
}

func TestPinStrings(t *testing.T) {
	for _, path := range append(forms(t, "legacy_goebpf"), forms(t, "legacy_goebpf_nobtf")...) {
		f := readObject(t, path)
		defs, _, err := Parse(f, Options{})
		if err != nil {
			t.Fatal(err)
		}
		list := PinStrings(f, defs)
		if len(list) != 1 || f.Sections[list[0]].Name != ".rodata.str1.1" {
			t.Errorf("T13 L88 %s: sections %v", path, list)
		}
	}
	le := elftest.Orders()[0]
	o := goebpfObject(le, at(32, ".rodata.str1.1"))
	o.Sections = append(o.Sections, code(le, "used", elftest.Reloc{Symbol: ".rodata.str1.1"}))
	f := o.File()
	defs, _, err := Parse(f, Options{})
	if err != nil || len(PinStrings(f, defs)) != 0 {
		t.Errorf("L88 strings that code uses are data: %v, %v", PinStrings(f, defs), err)
	}
	f = elftest.Legacy(nil, "maps", lm{Name: "m", Words: words(1, 4, 4, 4)}).File()
	if defs, _, _ := Parse(f, Options{}); !slices.Equal(PinStrings(f, defs), nil) {
		t.Error("L88 another dialect has pin strings")
	}
}
