package btfmaps_test

import (
	"debug/elf"
	"encoding/binary"
	"fmt"
	"reflect"
	"testing"

	"github.com/bpfload/bpfload/btfmaps"
	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/mapdef"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

const (
	static = rawbtf.LinkStatic
	global = rawbtf.LinkGlobal
	extern = rawbtf.LinkExtern
)

// world is an object whose DATASEC and symbols are written apart from each other.
// Its definitions have 16 bytes; one of type hash, one of type array.
type world struct {
	*elftest.Maps
	hash, array elftest.ID
	vars        []elftest.SecInfo
	linked      uint32 // size of the DATASEC
	sections    []elftest.Section
	symbols     []elftest.Symbol
}

func newWorld(order binary.ByteOrder) *world {
	w := &world{Maps: elftest.NewMaps(order), sections: []elftest.Section{elftest.Data(".maps", make([]byte, 64))}}
	w.hash = w.Def("h", w.Uint("type", hash), w.Uint("max_entries", 1))
	w.array = w.Def("a", w.Uint("type", array), w.Uint("max_entries", 1))
	return w
}

// variable adds a VAR of 16 bytes to the DATASEC.
func (w *world) variable(name string, id elftest.ID, linkage int, offset uint32) {
	w.vars = append(w.vars, elftest.SecInfo{Var: w.Var(name, id, linkage), Offset: offset, Size: 16})
}

func (w *world) symbol(s elftest.Symbol) { w.symbols = append(w.symbols, s) }

func (w *world) file() *mapdef.File {
	w.Datasec(".maps", w.linked, w.vars...)
	o := elftest.Object{Order: w.Order, Sections: append(w.sections, w.Section()), Symbols: w.symbols}
	return o.File()
}

// obj is a global symbol of 16 bytes in .maps.
func obj(name string, value uint64) elftest.Symbol { return elftest.Global(name, ".maps", value, 16) }

func with(s elftest.Symbol, change func(s *elftest.Symbol)) elftest.Symbol {
	change(&s)
	return s
}

// places has a row for each way in which definitions stand in a section: what
// comes out, one definition after the other, or the error.
var places = []struct {
	name     string
	build    func(w *world)
	want     []string // name@offset+size type, aliases, "static"
	warnings []string
	code     string
	text     string
	symbol   string
}{
	{name: "R2 R3 order of offsets, not of the DATASEC", want: []string{"b@0+16 type 2", "a@16+16 type 1"}, build: func(w *world) {
		w.variable("a", w.hash, global, 0)
		w.variable("b", w.array, global, 0)
		w.symbol(obj("a", 16))
		w.symbol(obj("b", 0))
	}},
	{name: "R31 no symbol", code: "no_symbol", text: "no symbol in the section", symbol: "a", build: func(w *world) {
		w.variable("a", w.hash, global, 0)
	}},
	{name: "R31 symbol in another section", code: "no_symbol", text: "no symbol", symbol: "a", build: func(w *world) {
		w.variable("a", w.hash, global, 0)
		w.sections = append(w.sections, elftest.Data(".data", make([]byte, 16)))
		w.symbol(elftest.Global("a", ".data", 0, 16))
	}},
	{name: "R32 NOTYPE symbol of size 0", want: []string{"a@32+16 type 1"}, build: func(w *world) {
		w.variable("a", w.hash, global, 0)
		w.symbol(with(obj("a", 32), func(s *elftest.Symbol) { s.Type, s.Size = elf.STT_NOTYPE, 0 }))
	}},
	{name: "R33 R41 static without symbol stays where the DATASEC says", want: []string{"a@16+16 type 1 static"}, build: func(w *world) {
		w.variable("a", w.hash, static, 16)
	}},
	{name: "R41 static with symbol", want: []string{"a@16+16 type 1 static"}, build: func(w *world) {
		w.variable("a", w.hash, static, 16)
		w.symbol(elftest.Local("a", ".maps", 16, 16))
	}},
	{name: "D5 static with another offset than its symbol", want: []string{"a@32+16 type 1 static"}, warnings: []string{"stale_btf_offset a 0x20"}, build: func(w *world) {
		w.variable("a", w.hash, static, 16)
		w.symbol(elftest.Local("a", ".maps", 32, 16))
	}},
	{name: "R34 R44 hidden", want: []string{"a@0+16 type 1 static", "b@16+16 type 1 static"}, build: func(w *world) {
		w.variable("a", w.hash, global, 0)
		w.variable("b", w.hash, global, 0)
		w.symbol(with(obj("a", 0), func(s *elftest.Symbol) { s.Vis = elf.STV_HIDDEN }))
		w.symbol(with(obj("b", 16), func(s *elftest.Symbol) { s.Vis = elf.STV_INTERNAL }))
	}},
	{name: "R43 weak", want: []string{"a@0+16 type 1"}, build: func(w *world) {
		w.variable("a", w.hash, global, 0)
		w.symbol(with(obj("a", 0), func(s *elftest.Symbol) { s.Bind = elf.STB_WEAK }))
	}},
	{name: "R35 member that is not a variable", code: "bad_btf", text: "member 0 of the BTF section \".maps\" is a int", build: func(w *world) {
		w.vars = append(w.vars, elftest.SecInfo{Var: w.Int32, Size: 16})
	}},
	{name: "R38 no variables", code: "no_datasec", text: "no variables", build: func(*world) {}},
	{name: "R39 variable without name", code: "nameless", text: "has no name", build: func(w *world) {
		w.variable("", w.hash, global, 0)
	}},
	{name: "R40 beyond the section", code: "out_of_section", text: "ends outside of the section of 0x40", symbol: "a", build: func(w *world) {
		w.variable("a", w.hash, global, 0)
		w.symbol(obj("a", 56))
	}},
	{name: "R40 offset that would overflow", code: "out_of_section", text: "0xfffffffffffffff8", symbol: "a", build: func(w *world) {
		w.variable("a", w.hash, global, 0)
		w.symbol(obj("a", 1<<64-8))
	}},
	{name: "R40 static beyond the section", code: "out_of_section", symbol: "a", build: func(w *world) {
		w.variable("a", w.hash, static, 0xfffffff8)
	}},
	{name: "R42 extern", code: "extern_map", text: "declared extern and defined nowhere", symbol: "a", build: func(w *world) {
		w.variable("a", w.hash, extern, 0)
		w.symbol(elftest.Symbol{Name: "a", Bind: elf.STB_GLOBAL})
	}},
	{name: "R42 extern that another file defined", want: []string{"a@16+16 type 1"}, build: func(w *world) {
		w.variable("a", w.hash, extern, 0)
		w.symbol(obj("a", 16))
	}},
	{name: "R45 typedef and volatile struct", want: []string{"a@0+16 type 1"}, build: func(w *world) {
		w.variable("a", w.Volatile(w.Typedef("t", w.hash)), global, 0)
		w.symbol(obj("a", 0))
	}},
	{name: "R45 union", code: "not_a_struct", text: "map variable is a union u, not a struct", symbol: "a", build: func(w *world) {
		w.variable("a", w.Union("u", 8), global, 0)
		w.symbol(obj("a", 0))
	}},
	{name: "R45 array of structs", code: "not_a_struct", text: "struct h[1]", symbol: "a", build: func(w *world) {
		w.variable("a", w.Array(w.hash, w.Index, 1), global, 0)
		w.symbol(obj("a", 0))
	}},
	{name: "R45 int", code: "not_a_struct", text: "int", symbol: "a", build: func(w *world) {
		w.variable("a", w.Int32, global, 0)
		w.symbol(obj("a", 0))
	}},
	{name: "R45 cycle", code: "bad_btf", text: "cycle", symbol: "a", build: func(w *world) {
		w.variable("a", w.Const(w.Next()), global, 0)
		w.symbol(obj("a", 0))
	}},
	{name: "R46 struct larger than the symbol", code: "out_of_section", text: "definition has 8 bytes, but the variable's type 16", symbol: "a", build: func(w *world) {
		w.variable("a", w.hash, global, 0)
		w.symbol(with(obj("a", 0), func(s *elftest.Symbol) { s.Size = 8 }))
	}},
	{name: "R47 contents are not inspected", want: []string{"a@0+16 type 1"}, build: func(w *world) {
		w.variable("a", w.hash, global, 0)
		w.symbol(obj("a", 0))
		w.sections[0].Data[3] = 0x77
	}},
	{name: "R47 section without bytes", want: []string{"a@0+16 type 1"}, build: func(w *world) {
		w.variable("a", w.hash, global, 0)
		w.symbol(obj("a", 0))
		w.sections[0] = elftest.Section{Name: ".maps", Type: elf.SHT_NOBITS, Size: 64}
	}},
	{name: "R48 duplicate name", code: "duplicate_name", text: "another map of that name is at 0x0", symbol: "a", build: func(w *world) {
		w.variable("a", w.hash, static, 0)
		w.variable("a", w.array, static, 16)
	}},
	{name: "R48 the same entry twice is one map", want: []string{"a@0+16 type 1"}, build: func(w *world) {
		w.variable("a", w.hash, global, 0)
		w.vars = append(w.vars, w.vars[0])
		w.symbol(obj("a", 0))
	}},
	{name: "R48 overlap", code: "overlap", text: `overlaps that of "a" at 0x0`, symbol: "b", build: func(w *world) {
		w.variable("a", w.hash, global, 0)
		w.variable("b", w.hash, global, 0)
		w.symbol(obj("a", 0))
		w.symbol(obj("b", 8))
	}},
	{name: "R48 two types at one place", code: "overlap", text: `overlaps that of "a"`, symbol: "b", build: func(w *world) {
		w.variable("a", w.hash, global, 0)
		w.variable("b", w.array, global, 0)
		w.symbol(obj("a", 0))
		w.symbol(obj("b", 0))
	}},
	{name: "R49 aliases, L8 the variable's name is primary", want: []string{"m@16+16 type 1 aliases [z a local]"}, build: func(w *world) {
		w.variable("m", w.hash, global, 0)
		w.symbol(obj("z", 16))
		w.symbol(with(obj("a", 16), func(s *elftest.Symbol) { s.Bind = elf.STB_WEAK }))
		w.symbol(obj("m", 16))
		w.symbol(with(obj("local", 16), func(s *elftest.Symbol) { s.Type, s.Size = elf.STT_NOTYPE, 0 }))
	}},
	{name: "R49 two variables of one type at one place", want: []string{"a@0+16 type 1 aliases [b]"}, build: func(w *world) {
		w.variable("a", w.hash, global, 0)
		w.variable("b", w.hash, global, 0)
		w.symbol(obj("b", 0))
		w.symbol(obj("a", 0))
	}},
	{name: "R49 a local symbol of the same name at the same place", want: []string{"a@0+16 type 1"}, build: func(w *world) {
		w.variable("a", w.hash, global, 0)
		w.symbol(elftest.Local("a", ".maps", 0, 16))
		w.symbol(obj("a", 0))
	}},
	{name: "R49 symbol where no map begins", code: "unknown_symbol", text: "no map variable in BTF explains this symbol", symbol: "x", build: func(w *world) {
		w.variable("a", w.hash, global, 0)
		w.symbol(obj("a", 0))
		w.symbol(obj("x", 8))
	}},
	{name: "R49 alias with the name of another map", code: "duplicate_name", text: "another map of that name is at 0x0", symbol: "a", build: func(w *world) {
		w.variable("a", w.hash, global, 0)
		w.variable("b", w.hash, global, 0)
		w.symbol(elftest.Local("a", ".maps", 16, 16))
		w.symbol(obj("a", 0))
		w.symbol(obj("b", 16))
	}},
	{name: "section and file symbols are none", want: []string{"a@0+16 type 1"}, build: func(w *world) {
		w.variable("a", w.hash, global, 0)
		w.symbol(elftest.SectionSymbol(".maps"))
		w.symbol(elftest.Symbol{Name: "a.c", Index: elf.SHN_ABS, Type: elf.STT_FILE})
		w.symbol(obj("a", 0))
	}},

	{name: "R37 D5 offsets swapped by a linker", want: []string{"b@0+16 type 2", "a@16+16 type 1"}, warnings: []string{"stale_btf_offset b 0x0", "stale_btf_offset a 0x10"},
		build: func(w *world) {
			w.linked = 64
			w.variable("a", w.hash, global, 0)
			w.variable("b", w.array, global, 16)
			w.symbol(obj("a", 16))
			w.symbol(obj("b", 0))
		}},
	{name: "D5 a resolved extern keeps offset 0", want: []string{"a@0+16 type 1", "z@16+16 type 2"}, warnings: []string{"stale_btf_offset z 0x10"}, build: func(w *world) {
		w.linked = 64
		w.variable("z", w.array, global, 0)
		w.variable("a", w.hash, global, 0)
		w.symbol(obj("a", 0))
		w.symbol(obj("z", 16))
	}},
	{name: "D5 linked without fault", want: []string{"a@16+16 type 1"}, build: func(w *world) {
		w.linked = 64
		w.variable("a", w.hash, global, 16)
		w.symbol(obj("a", 16))
	}},
	{name: "two statics of one name, told apart by the DATASEC, are still two maps of one name", code: "duplicate_name", symbol: "a", build: func(w *world) {
		w.variable("a", w.hash, static, 16)
		w.variable("a", w.array, static, 0)
		w.symbol(elftest.Local("a", ".maps", 0, 16))
		w.symbol(elftest.Local("a", ".maps", 16, 16))
	}},
	{name: "several symbols of the name, none at the place", code: "ambiguous_symbol", text: "none at the place", symbol: "a", build: func(w *world) {
		w.variable("a", w.hash, static, 32)
		w.symbol(elftest.Local("a", ".maps", 0, 16))
		w.symbol(elftest.Local("a", ".maps", 16, 16))
	}},

	{name: "R16 several sections", want: []string{"b@0+16 type 2", "a@0+16 type 1"}, build: func(w *world) {
		w.variable("a", w.hash, global, 0)
		w.variable("b", w.array, global, 0)
		w.sections = append(w.sections, elftest.Data(".maps", make([]byte, 16)))
		w.symbol(elftest.Symbol{Name: "a", Index: 2, Bind: elf.STB_GLOBAL, Type: elf.STT_OBJECT, Size: 16})
		w.symbol(obj("b", 0))
	}},
	{name: "R16 several sections and a static without symbol", code: "no_symbol", text: "which of several sections", symbol: "a", build: func(w *world) {
		w.variable("a", w.hash, static, 0)
		w.sections = append(w.sections, elftest.Data(".maps", make([]byte, 16)))
	}},
	{name: "variable without any section", code: "no_section", text: "no such section", symbol: "a", build: func(w *world) {
		w.variable("a", w.hash, static, 0)
		w.sections = nil
	}},
}

func TestPlaces(t *testing.T) {
	for _, row := range places {
		t.Run(row.name, func(t *testing.T) {
			eachOrder(t, func(t *testing.T, order binary.ByteOrder) {
				w := newWorld(order)
				row.build(w)
				defs, warns, err := btfmaps.Parse(w.file())
				if row.code != "" {
					if e := wantError(t, err, row.code, row.text); e.Symbol != row.symbol || defs != nil {
						t.Errorf("error names symbol %q, want %q; definitions %v", e.Symbol, row.symbol, defs)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				if got := describe(defs); !reflect.DeepEqual(got, row.want) {
					t.Errorf("definitions are %q, want %q", got, row.want)
				}
				var told []string
				for _, w := range warns {
					told = append(told, fmt.Sprintf("%s %s 0x%x", w.Code, w.Map, w.Offset.Bytes))
				}
				if !reflect.DeepEqual(told, row.warnings) {
					t.Errorf("warnings are %q, want %q", told, row.warnings)
				}
			})
		})
	}
}

func describe(defs []mapdef.Def) []string {
	var all []string
	for _, d := range defs {
		s := fmt.Sprintf("%s@%d+%d type %d", d.Name, d.Offset, d.Size, d.Type)
		if len(d.Aliases) > 0 {
			s += fmt.Sprintf(" aliases %v", d.Aliases)
		}
		if d.Static {
			s += " static"
		}
		all = append(all, s)
	}
	return all
}

func TestCommonFields(t *testing.T) {
	w := newWorld(nil)
	w.variable("a", w.hash, global, 0)
	w.symbol(obj("a", 0))
	defs, _, err := btfmaps.Parse(w.file())
	if err != nil {
		t.Fatal(err)
	}
	d := defs[0]
	if d.Section != ".maps" || d.SectionIndex != 1 || d.Dialect != mapdef.DialectBTF || d.InnerMap != mapdef.NoMap || d.Evidence == "" || d.Internal {
		t.Errorf("definition is %+v", d)
	}
}

func TestWithoutBTF(t *testing.T) {
	maps := elftest.Data(".maps", make([]byte, 16))
	t.Run("R27 no .BTF", func(t *testing.T) {
		_, _, err := btfmaps.Parse((&elftest.Object{Sections: []elftest.Section{maps}}).File())
		if e := wantError(t, err, "no_btf", "no .BTF section"); e.Hint == "" {
			t.Error("no hint")
		}
	})
	t.Run("R27 D12 bad .BTF", func(t *testing.T) {
		bad := elftest.Section{Name: ".BTF", Data: []byte("no BTF at all, but long enough")}
		_, _, err := btfmaps.Parse((&elftest.Object{Sections: []elftest.Section{maps, bad}}).File())
		wantError(t, err, "bad_btf", ".BTF is malformed: magic")
	})
	t.Run("R38 no DATASEC", func(t *testing.T) {
		btf := elftest.NewBTF(nil)
		btf.Int("int", 4, elftest.Signed)
		_, _, err := btfmaps.Parse((&elftest.Object{Sections: []elftest.Section{maps, btf.Section()}}).File())
		wantError(t, err, "no_datasec", "no variables")
	})
	for _, row := range []struct {
		name     string
		sections []elftest.Section
	}{
		{"R29 neither BTF nor .maps", []elftest.Section{elftest.Data(".data", make([]byte, 4))}},
		{"R26 empty .maps", []elftest.Section{elftest.Data(".maps", nil)}},
		{"BTF without .maps", []elftest.Section{elftest.NewBTF(nil).Section()}},
		{"other names do not count", []elftest.Section{elftest.Data(".maps.foo", make([]byte, 8)), elftest.Data("maps", make([]byte, 8))}},
	} {
		t.Run(row.name, func(t *testing.T) {
			defs, warns, err := btfmaps.Parse((&elftest.Object{Sections: row.sections}).File())
			if defs != nil || warns != nil || err != nil {
				t.Errorf("results are %v, %v, %v, want none", defs, warns, err)
			}
		})
	}
}
