package staticvalues_test

import (
	"debug/elf"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"github.com/bpfload/bpfload/btfmaps"
	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/mapdef"
	"github.com/bpfload/bpfload/staticvalues"
)

const (
	hash        = 1
	array       = 2
	progArray   = 3
	arrayOfMaps = 12
	hashOfMaps  = 13
)

// builder makes an object with an inner map, and gives room for outer ones.
type builder struct {
	*elftest.Maps
	inner elftest.ID
	proto elftest.ID
}

func newBuilder(order binary.ByteOrder) *builder {
	m := elftest.NewMaps(order)
	b := &builder{Maps: m}
	b.inner = m.Def("inner", m.Uint("type", array), m.Uint("key_size", 4), m.Uint("value_size", 8), m.Uint("max_entries", 1))
	b.proto = m.FuncProto(m.Int32)
	return b
}

func (b *builder) innerMap(name string) *elftest.MapVar {
	return b.Map(name, b.Uint("type", array), b.Uint("key_size", 4), b.Uint("value_size", 8), b.Uint("max_entries", 1))
}

func (b *builder) outer(name string, typ, keySize uint32, slots int) *elftest.MapVar {
	return b.Map(name, b.Uint("type", typ), b.Uint("key_size", keySize), b.Uint("max_entries", 4), b.Values(b.inner, slots))
}

func (b *builder) jumps(name string, slots int) *elftest.MapVar {
	return b.Map(name, b.Uint("type", progArray), b.Uint("key_size", 4), b.Uint("max_entries", 4), b.Values(b.proto, slots))
}

// program adds a section with one program and its symbol.
func (b *builder) program(section, name string) {
	b.Sections = append(b.Sections, elftest.Section{Name: section, Type: elf.SHT_PROGBITS, Flags: elf.SHF_ALLOC | elf.SHF_EXECINSTR,
		Data: elftest.Exit(b.Order)})
	b.Symbols = append(b.Symbols, elftest.Symbol{Name: name, Section: section, Size: 8, Bind: elf.STB_GLOBAL, Type: elf.STT_FUNC})
}

// resolve reads the definitions and resolves their slots. Every executable
// section but .text holds one program at its start; programs are numbered by section.
func resolve(t *testing.T, f *mapdef.File) ([]mapdef.Def, [][]mapdef.Slot, error) {
	t.Helper()
	defs, _, err := btfmaps.Parse(f)
	if err != nil {
		t.Fatal(err)
	}
	slots, err := staticvalues.Resolve(f, defs, func(section int, off uint64) (int, bool) {
		s := &f.Sections[section]
		return section, off == 0 && s.Exec() && s.Name != ".text"
	})
	return defs, slots, err
}

func indexOf(t *testing.T, defs []mapdef.Def, name string) int {
	t.Helper()
	for i := range defs {
		if defs[i].Name == name {
			return i
		}
	}
	t.Fatalf("no map %q", name)
	return -1
}

func TestSlots(t *testing.T) {
	for _, c := range []struct {
		name  string
		build func(*builder)
		of    string
		want  map[uint32]string // slot to map
	}{
		{"R88 gaps stay empty", func(b *builder) {
			b.innerMap("in")
			b.outer("out", arrayOfMaps, 4, 4).Slot(0, "in").Slot(3, "in")
		}, "out", map[uint32]string{0: "in", 3: "in"}},
		{"R88 width is 8 whatever the alignment (C58)", func(b *builder) {
			b.Align = 64
			b.innerMap("in1")
			b.innerMap("in2")
			b.outer("out", arrayOfMaps, 4, 3).Slot(0, "in1").Slot(1, "in2").Slot(2, "in1")
		}, "out", map[uint32]string{0: "in1", 1: "in2", 2: "in1"}},
		{"D4 the outer map may stand first", func(b *builder) {
			b.outer("out", arrayOfMaps, 4, 1).Slot(0, "in")
			b.innerMap("in")
		}, "out", map[uint32]string{0: "in"}},
		{"R89 a slot of a hash is just a key", func(b *builder) {
			b.innerMap("in")
			b.outer("out", hashOfMaps, 4, 8).Slot(7, "in")
		}, "out", map[uint32]string{7: "in"}},
		{"R85 names that begin with a dot (C68)", func(b *builder) {
			b.innerMap(".hidden")
			b.outer("out", arrayOfMaps, 4, 1).Slot(0, ".hidden")
		}, "out", map[uint32]string{0: ".hidden"}},
		{"R85 an alias means its map", func(b *builder) {
			v := b.innerMap("in")
			b.Symbols = append(b.Symbols, elftest.Symbol{Name: "other", Section: ".maps", Value: v.Offset, Size: v.Size,
				Bind: elf.STB_GLOBAL, Type: elf.STT_OBJECT})
			b.outer("out", arrayOfMaps, 4, 1).Slot(0, "other")
		}, "out", map[uint32]string{0: "in"}},
	} {
		for _, order := range elftest.Orders() {
			t.Run(c.name+" "+order.String(), func(t *testing.T) {
				b := newBuilder(order)
				c.build(b)
				defs, slots, err := resolve(t, b.Object().File())
				if err != nil {
					t.Fatal(err)
				}
				got := slots[indexOf(t, defs, c.of)]
				if len(got) != len(c.want) {
					t.Errorf("slots %+v, want %v", got, c.want)
				}
				for i, s := range got {
					if i > 0 && got[i-1].Index >= s.Index {
						t.Errorf("slots %+v are not in order", got)
					}
					if s.Target.Kind != mapdef.TargetMap || defs[s.Target.Index].Name != c.want[s.Index] {
						t.Errorf("slot %d is %+v, want %q", s.Index, s.Target, c.want[s.Index])
					}
				}
			})
		}
	}
}

// The GNU assembler up to 2.40 has another number for pointers, and writes the
// symbol's value where the pointer goes.
func TestGNUSlots(t *testing.T) {
	for _, order := range elftest.Orders() {
		b := newBuilder(order)
		b.innerMap("in1")
		b.innerMap("in2")
		b.outer("out", arrayOfMaps, 4, 2).Slot(0, "in2").Slot(1, "in1")
		f := b.Object().File()
		for i := range f.Relocs {
			for k := range f.Relocs[i] {
				r := &f.Relocs[i][k]
				r.Type = mapdef.R_BPF_DATA_64
				order.PutUint64(f.Sections[i].Data[r.Offset:], f.Symbols[r.Symbol].Value)
			}
		}
		defs, slots, err := resolve(t, f)
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []string{"in2", "in1"} {
			if got := slots[indexOf(t, defs, "out")]; len(got) != 2 || defs[got[i].Target.Index].Name != want {
				t.Errorf("%v: slots %+v", order, got)
			}
		}
	}
}

func TestProgramSlots(t *testing.T) {
	b := newBuilder(nil)
	b.jumps("jumps", 3).Slot(1, "first").Slot(2, "second")
	b.program("xdp", "first")
	b.program("socket", "second")
	f := b.Object().File()
	_, slots, err := resolve(t, f)
	if err != nil {
		t.Fatal(err)
	}
	if len(slots[0]) != 2 {
		t.Fatalf("slots %+v", slots[0])
	}
	for i, name := range []string{"xdp", "socket"} {
		s := slots[0][i]
		if s.Index != uint32(i+1) || s.Target.Kind != mapdef.TargetProgram || f.Sections[s.Target.Index].Name != name {
			t.Errorf("slot %+v, want the program of section %q", s, name)
		}
	}
}

func TestRefused(t *testing.T) {
	for _, c := range []struct {
		name, code, text string
		build            func(*builder)
	}{
		{"R83 a pointer in a map that holds no descriptors", "reloc_owner", "neither a map of maps", func(b *builder) {
			v := b.innerMap("in")
			v.Relocs = []elftest.Reloc{{Offset: 8, Type: mapdef.R_BPF_64_ABS64, Symbol: "in"}}
		}},
		{"R87 before the values", "reloc_owner", "other than `values`", func(b *builder) {
			b.innerMap("in")
			v := b.outer("out", arrayOfMaps, 4, 1)
			v.Relocs = []elftest.Reloc{{Offset: 8, Type: mapdef.R_BPF_64_ABS64, Symbol: "in"}}
		}},
		{"R87 between two slots", "reloc_misaligned", "not on a pointer slot", func(b *builder) {
			b.innerMap("in")
			v := b.outer("out", arrayOfMaps, 4, 2)
			v.Relocs = []elftest.Reloc{{Offset: v.Values + 4, Type: mapdef.R_BPF_64_ABS64, Symbol: "in"}}
		}},
		{"R82 beyond every map", "reloc_owner", "in no map definition", func(b *builder) {
			b.innerMap("in")
			v := b.outer("out", arrayOfMaps, 4, 1)
			v.Relocs = []elftest.Reloc{{Offset: v.Size, Type: mapdef.R_BPF_64_ABS64, Symbol: "in"}}
		}},
		{"R84 a hash with 8-byte keys", "values_key_size", "4-byte keys", func(b *builder) {
			b.innerMap("in")
			b.outer("out", hashOfMaps, 8, 1).Slot(0, "in")
		}},
		{"R84 not a map", "slot_target", "is not a map", func(b *builder) {
			b.outer("out", arrayOfMaps, 4, 1).Slot(0, "prog")
			b.program("xdp", "prog")
		}},
		{"R86 a subprogram", "slot_target", "not a program", func(b *builder) {
			b.jumps("jumps", 1).Slot(0, "sub")
			b.program(".text", "sub")
		}},
		{"R86 undefined", "slot_target", "not defined", func(b *builder) {
			b.jumps("jumps", 1).Slot(0, "elsewhere")
			b.Symbols = append(b.Symbols, elftest.Symbol{Name: "elsewhere", Bind: elf.STB_GLOBAL})
		}},
		{"a slot that is filled twice", "slot_twice", "twice", func(b *builder) {
			b.innerMap("in")
			b.outer("out", arrayOfMaps, 4, 1).Slot(0, "in").Slot(0, "in")
		}},
		{"a relocation that is no pointer", "reloc_type", "type 10", func(b *builder) {
			b.innerMap("in")
			v := b.outer("out", arrayOfMaps, 4, 1)
			v.Relocs = []elftest.Reloc{{Offset: v.Values, Type: mapdef.R_BPF_64_32, Symbol: "in"}}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBuilder(nil)
			c.build(b)
			_, slots, err := resolve(t, b.Object().File())
			var e *mapdef.Error
			if !errors.As(err, &e) || slots != nil {
				t.Fatalf("slots %v, error %v", slots, err)
			}
			if e.Code != c.code || e.Section != ".maps" || !e.Offset.Known || !strings.Contains(err.Error(), c.text) {
				t.Errorf("%s: %v; want %s: …%s…", e.Code, err, c.code, c.text)
			}
		})
	}
}

// L53: slots that a legacy reader found are kept and merged in order.
func TestKeepsSlotsOfTheDefinition(t *testing.T) {
	f := elftest.NewMaps(nil).Object().File()
	defs := []mapdef.Def{{Name: "outer", Type: arrayOfMaps, Slots: []mapdef.Slot{{Index: 5}, {Index: 2}}}}
	slots, err := staticvalues.Resolve(f, defs, nil)
	if err != nil || len(slots[0]) != 2 || slots[0][0].Index != 2 || slots[0][1].Index != 5 {
		t.Errorf("%+v, %v", slots, err)
	}
	if defs[0].Slots[0].Index != 5 {
		t.Error("the definition was changed")
	}
}

// Definitions that overlap, as in a broken file: the first one owns a pointer.
func TestOwnerOfOverlappingDefinitions(t *testing.T) {
	b := newBuilder(elftest.Orders()[0])
	b.innerMap("in")
	o := b.outer("out", arrayOfMaps, 4, 4).Slot(1, "in")
	f := b.Object().File()
	defs, _, err := btfmaps.Parse(f)
	if err != nil {
		t.Fatal(err)
	}
	wide := defs[1]
	wide.Name, wide.Type = "wide", hash
	wide.Offset, wide.Size = 0, o.Offset+o.Size
	for first, defs := range map[string][]mapdef.Def{"out": append(defs, wide), "wide": {wide, defs[0], defs[1]}} {
		_, err := staticvalues.Resolve(f, defs, func(int, uint64) (int, bool) { return 0, false })
		if (err == nil) != (first == "out") {
			t.Errorf("%s comes first: %v", first, err)
		}
	}
}
