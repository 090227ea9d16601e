package legacymaps

import (
	"debug/elf"
	"slices"
	"testing"

	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/mapdef"
)

func offsets(defs []mapdef.Def) []uint64 {
	var list []uint64
	for i := range defs {
		list = append(list, defs[i].Offset)
	}
	return list
}

func TestSymbolOrder(t *testing.T) {
	// T2: the symbol table has amap first.
	o := elftest.Legacy(nil, "maps", lm{Name: "zmap", Words: words(1, 4, 4, 1, 0)}, lm{Name: "amap", Words: words(2, 4, 4, 1, 0)})
	slices.Reverse(o.Symbols)
	defs, _ := parse(t, o, Options{})
	if !slices.Equal(names(defs), []string{"zmap", "amap"}) || !slices.Equal(offsets(defs), []uint64{0, 20}) {
		t.Errorf("T2 L10 %v at %v", names(defs), offsets(defs))
	}
}

func TestBindings(t *testing.T) {
	o := elftest.Legacy(nil, "maps", lm{Name: "g", Words: words(1, 4, 4, 1, 0)}, lm{Name: "w", Words: words(1, 4, 4, 1, 0), Weak: true},
		lm{Name: "s", Words: words(1, 4, 4, 1, 0), Static: true}, lm{Name: "h", Words: words(1, 4, 4, 1, 0)})
	o.Symbols[3].Vis = elf.STV_HIDDEN
	o.Symbols = append(o.Symbols, elftest.SectionSymbol("maps"),
		elftest.Symbol{Name: "f", Section: "maps", Value: 4, Type: elf.STT_FUNC}, elftest.Symbol{Name: "x.c", Type: elf.STT_FILE, Index: elf.SHN_ABS})
	defs, _ := parse(t, o, Options{})
	var static []bool
	for _, d := range defs {
		static = append(static, d.Static)
	}
	if !slices.Equal(names(defs), []string{"g", "w", "s", "h"}) || !slices.Equal(static, []bool{false, false, true, true}) {
		t.Errorf("L6 L7 T18 got %v, static %v", names(defs), static)
	}
}

func TestAliases(t *testing.T) {
	o := elftest.Legacy(nil, "maps", lm{Name: "loc", Words: words(1, 4, 4, 1, 0), Static: true, Aliases: []string{"loc2"}},
		lm{Name: "weak", Words: words(1, 4, 4, 1, 0), Weak: true, Aliases: []string{"weak2", "glob"}})
	o.Symbols[4].Bind = elf.STB_GLOBAL
	defs, _ := parse(t, o, Options{})
	if len(defs) != 2 || defs[0].Name != "loc" || !slices.Equal(defs[0].Aliases, []string{"loc2"}) {
		t.Fatalf("L8 T19 %+v", defs)
	}
	if defs[1].Name != "glob" || !slices.Equal(defs[1].Aliases, []string{"weak", "weak2"}) {
		t.Errorf("L8 primary name %q, aliases %v", defs[1].Name, defs[1].Aliases)
	}
}

func TestMixedSizes(t *testing.T) {
	// T20: 20, 28, 20.
	o := elftest.Legacy(nil, "maps", lm{Name: "a", Words: words(1, 4, 4, 1, 1)}, lm{Name: "b", Words: words(1, 4, 4, 1, 4, 0, 2)}, lm{Name: "c", Words: words(2, 4, 4, 1, 0)})
	defs, _ := parse(t, o, Options{})
	if !slices.Equal(offsets(defs), []uint64{0, 20, 48}) || defs[1].NumaNode != 2 || defs[2].Type != 2 || defs[1].Size != 28 {
		t.Errorf("L9 T20 %+v", defs)
	}
}

func TestPadding(t *testing.T) {
	o := elftest.Legacy(nil, "maps", lm{Name: "a", Words: words(1, 4, 4, 1, 1, 0)}, lm{Name: "b", Words: words(1, 4, 4, 1, 0)})
	o.Symbols[0].Size = 20
	defs, _ := parse(t, o, Options{})
	if defs[0].Size != 20 || defs[1].Offset != 24 {
		t.Errorf("L9 padding: %+v", defs)
	}
	o.Sections[0].Data[22] = 1
	if e := wantError(t, o, Options{}, "unclaimed_bytes", "not zero"); e.Offset != mapdef.At(22) {
		t.Errorf("L9 place %v", e.Offset)
	}
}

func TestRanges(t *testing.T) {
	build := func() *elftest.Object {
		return elftest.Legacy(nil, "maps", lm{Name: "a", Words: words(1, 4, 4, 1, 0)}, lm{Name: "b", Words: words(1, 4, 4, 1, 0)})
	}
	for _, c := range []struct {
		rule, code string
		break_     func(o *elftest.Object)
	}{
		{"L9 size over the next definition", "element_overlap", func(o *elftest.Object) { o.Symbols[0].Size = 24 }},
		{"L41 size over the section's end", "element_range", func(o *elftest.Object) { o.Symbols[1].Size = 24 }},
		{"L41 size that overflows", "element_range", func(o *elftest.Object) { o.Symbols[1].Size = ^uint64(0) }},
		{"L41 symbol at the section's end", "symbol_range", func(o *elftest.Object) { o.Symbols[1].Value = 40 }},
		{"L41 symbol far outside", "symbol_range", func(o *elftest.Object) { o.Symbols[1].Value = ^uint64(0) }},
		{"L41 no symbols", "no_symbols", func(o *elftest.Object) { o.Symbols = nil }},
		{"L41 only a section symbol", "no_symbols", func(o *elftest.Object) { o.Symbols = []elftest.Symbol{elftest.SectionSymbol("maps")} }},
		{"L41 empty section", "empty_section", func(o *elftest.Object) { o.Sections[0].Data, o.Symbols = nil, nil }},
		{"L9 bytes before the first symbol", "unclaimed_bytes", func(o *elftest.Object) {
			o.Symbols = o.Symbols[1:]
			o.Symbols[0].Value, o.Symbols[0].Size = 24, 16
		}},
	} {
		t.Run(c.rule, func(t *testing.T) {
			o := build()
			c.break_(o)
			wantError(t, o, Options{}, c.code)
		})
	}
}

func TestZeroBytesBeforeFirst(t *testing.T) {
	o := elftest.Legacy(nil, "maps", lm{Name: "z", Words: words(0, 0, 0, 0, 0)}, lm{Name: "b", Words: words(1, 4, 4, 1, 0)})
	o.Symbols = o.Symbols[1:]
	defs, _ := parse(t, o, Options{})
	if len(defs) != 1 || defs[0].Offset != 20 {
		t.Errorf("L9 %+v", defs)
	}
}

// untyped is a list of the same shape for every size: symbols as of clang 7.
func untyped(sizes ...int) *elftest.Object {
	var defs []lm
	for i, n := range sizes {
		w := make([]uint32, n/4)
		copy(w, words(1, 4, 8, uint32(i+1)))
		defs = append(defs, lm{Name: string(rune('a' + i)), Words: w, Untyped: true})
	}
	return elftest.Legacy(nil, "maps", defs...)
}

func TestOldSymbols(t *testing.T) {
	for _, n := range []int{16, 20, 24, 28, 36} {
		defs, _ := parse(t, untyped(n, n, n), Options{})
		if len(defs) != 3 || defs[2].Offset != uint64(2*n) || defs[2].Size != uint64(n) || defs[2].MaxEntries != 3 {
			t.Errorf("L9 size %d: %+v", n, defs)
		}
	}
	wantError(t, untyped(20, 28, 20), Options{}, "element_size", "cannot determine element size")
}

func TestUnnamedDefinitions(t *testing.T) {
	o := elftest.Legacy(nil, "maps", lm{Name: "s0", Words: words(1, 4, 4, 1, 0)}, lm{Name: "a", Words: words(1, 4, 4, 2, 0), Untyped: true},
		lm{Name: "s1", Words: words(1, 4, 4, 3, 0)}, lm{Name: "s2", Words: words(1, 4, 4, 4, 0)}, lm{Name: "b", Words: words(2, 4, 4, 5, 0), Untyped: true})
	o.Symbols = []elftest.Symbol{elftest.SectionSymbol("maps"), o.Symbols[1], o.Symbols[4]}
	le := elftest.Orders()[0]
	o.Sections = append(o.Sections, code(le, "xdp", elftest.Reloc{Symbol: "maps", Addend: 0}, elftest.Reloc{Symbol: "a"}, elftest.Reloc{Symbol: "maps", Addend: 60}))
	defs, warns := parse(t, o, Options{})
	if !slices.Equal(names(defs), []string{"maps+0", "a", "maps+60", "b"}) || !slices.Equal(offsets(defs), []uint64{0, 20, 60, 80}) {
		t.Fatalf("L9 %v at %v", names(defs), offsets(defs))
	}
	if len(warns) != 1 || warns[0].Code != "unnamed_definition" || warns[0].Offset != mapdef.At(40) {
		t.Errorf("L9 unreferenced definition: %+v", warns)
	}
	if !defs[0].Static || defs[1].Static {
		t.Errorf("L9 static: %+v", defs)
	}
}

func TestSectionSuffix(t *testing.T) {
	o := elftest.Legacy(nil, "maps/beta", lm{Name: "beta_sym", Words: words(1, 4, 4, 1, 0)})
	defs, _ := parse(t, o, Options{})
	if d := defs[0]; d.Name != "beta_sym" || !slices.Equal(d.Aliases, []string{"beta"}) || !d.Named("beta") || d.Named("gamma") {
		t.Errorf("L11 %+v", d)
	}
	two := elftest.Legacy(nil, "maps/beta", lm{Name: "x", Words: words(1, 4, 4, 1, 0)}, lm{Name: "y", Words: words(1, 4, 4, 1, 0)})
	if defs, _ = parse(t, two, Options{}); defs[0].Aliases != nil {
		t.Errorf("L11 a section of two maps gives a name: %v", defs[0].Aliases)
	}
	same := elftest.Legacy(nil, "maps/beta", lm{Name: "beta", Words: words(1, 4, 4, 1, 0)})
	if defs, _ = parse(t, same, Options{}); defs[0].Aliases != nil {
		t.Errorf("L11 alias that is the name: %v", defs[0].Aliases)
	}
	swapped := elftest.Legacy(nil, "maps/a", lm{Name: "b", Words: words(1, 4, 4, 1, 0)})
	other := elftest.Legacy(nil, "maps/b", lm{Name: "a", Words: words(1, 4, 4, 1, 0)})
	swapped.Sections, swapped.Symbols = append(swapped.Sections, other.Sections...), append(swapped.Symbols, other.Symbols...)
	defs, warns := parse(t, swapped, Options{})
	if defs[0].Aliases != nil || len(warns) != 2 || warns[0].Code != "alias_taken" {
		t.Errorf("L11 taken suffix: %+v, %+v", defs, warns)
	}
}

func TestDuplicateNames(t *testing.T) {
	o := elftest.Legacy(nil, "maps", lm{Name: "m", Words: words(1, 4, 4, 1, 0), Static: true}, lm{Name: "m", Words: words(1, 4, 4, 1, 0), Static: true})
	wantError(t, o, Options{}, "duplicate_name", `section "maps"`)
	o = elftest.Legacy(nil, "maps", lm{Name: "m", Words: words(1, 4, 4, 1, 0)})
	o.Sections = append(o.Sections, elftest.Data(".maps", make([]byte, 16)))
	o.Symbols = append(o.Symbols, elftest.Local("m", ".maps", 0, 16))
	wantError(t, o, Options{}, "duplicate_name", `".maps"`, `"m"`)
}

func TestDefinitionArray(t *testing.T) {
	// T21 by size: 40 and 60 bytes beside 20.
	for _, n := range []int{2, 3} {
		w := words(1, 4, 4, 1, 0)
		many := lm{Name: "many", Words: slices.Repeat(w, n)}
		e := wantError(t, elftest.Legacy(nil, "maps", lm{Name: "one", Words: w}, many), Options{}, "definition_array", "array of map definitions", `"one"`)
		if e.Symbol != "many" {
			t.Errorf("L22 symbol %q", e.Symbol)
		}
	}
	// Alone it has no size to compare with; it still is no layout.
	for _, w := range [][]uint32{words(1, 4, 4, 1, 0), words(1, 4, 4, 1, 0, 0), words(1, 4, 4, 1, 0, 0, 0)} {
		o := elftest.Legacy(nil, "maps", lm{Name: "many", Words: slices.Repeat(w, 2)})
		if _, _, err := Parse(o.File(), Options{}); err == nil {
			t.Errorf("L22 an array of %d-byte definitions is read", 4*len(w))
		}
	}
}

func TestRelocationsOfDefinitions(t *testing.T) {
	o := elftest.Legacy(nil, "maps", lm{Name: "m", Words: words(1, 4, 4, 1, 0)}, lm{Name: "n", Words: words(1, 4, 4, 1, 0, 0, 0)})
	o.Sections[0].Relocs = []elftest.Reloc{{Offset: 24, Type: mapdef.R_BPF_64_ABS64, Symbol: "m"}}
	e := wantError(t, o, Options{}, "reloc_in_definition", "libbpf", "goebpf")
	if e.Symbol != "n" || e.Offset != mapdef.At(24) {
		t.Errorf("L23 place %q %v", e.Symbol, e.Offset)
	}
	o.Sections[0].Relocs[0].Type = mapdef.R_BPF_NONE
	if defs, _ := parse(t, o, Options{}); len(defs) != 2 {
		t.Errorf("L23 R_BPF_NONE: %v", defs)
	}
}
