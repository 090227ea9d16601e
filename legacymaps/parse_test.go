package legacymaps

import (
	"debug/elf"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/mapdef"
)

type lm = elftest.LegacyMap

func words(w ...uint32) []uint32 { return w }

// parse reads an object that must be sound.
func parse(t *testing.T, o *elftest.Object, opts Options) ([]mapdef.Def, []mapdef.Warning) {
	t.Helper()
	defs, warns, err := Parse(o.File(), opts)
	if err != nil {
		t.Fatalf("Parse: %v", err)
	}
	return defs, warns
}

// wantError reads an object that must be refused with that code, and whose
// message contains each of parts.
func wantError(t *testing.T, o *elftest.Object, opts Options, code string, parts ...string) *mapdef.Error {
	t.Helper()
	defs, _, err := Parse(o.File(), opts)
	if err == nil {
		t.Fatalf("Parse gave %d definitions, want error %q", len(defs), code)
	}
	if defs != nil {
		t.Errorf("Parse gave definitions and an error")
	}
	return checkError(t, err, code, parts...)
}

func checkError(t *testing.T, err error, code string, parts ...string) *mapdef.Error {
	t.Helper()
	var e *mapdef.Error
	if !errors.As(err, &e) {
		t.Fatalf("error %v (%T) is not a *mapdef.Error", err, err)
	}
	if e.Code != code {
		t.Errorf("code %q, want %q: %v", e.Code, code, err)
	}
	for _, p := range parts {
		if !strings.Contains(e.Error()+" "+e.Hint, p) {
			t.Errorf("error %q, hint %q: want %q in it", e.Error(), e.Hint, p)
		}
	}
	return e
}

func names(defs []mapdef.Def) []string {
	var list []string
	for i := range defs {
		list = append(list, defs[i].Name)
	}
	return list
}

// numbers are type, key size, value size, entries, flags, NUMA node.
func numbers(d mapdef.Def) [6]uint32 {
	return [6]uint32{d.Type, d.KeySize, d.ValueSize, d.MaxEntries, d.Flags, d.NumaNode}
}

// code is an executable section that loads the address of each symbol, with the
// addend in the instruction.
func code(order binary.ByteOrder, name string, refs ...elftest.Reloc) elftest.Section {
	s := elftest.Exec(name)
	for _, r := range refs {
		r.Offset, r.Type = uint64(len(s.Data)), mapdef.R_BPF_64_64
		s.Data = append(s.Data, elftest.LdImm64(order, 1, 0, uint64(r.Addend))...)
		s.Relocs = append(s.Relocs, r)
	}
	s.Data = append(append(s.Data, elftest.Mov(order, 0, 0)...), elftest.Exit(order)...)
	return s
}

func TestNoDefinitions(t *testing.T) {
	o := &elftest.Object{Sections: []elftest.Section{elftest.Data(".data", make([]byte, 8)), elftest.Data(".maps", make([]byte, 16)),
		elftest.Data("maps.ext", make([]byte, 16)), elftest.Data(".android_maps", make([]byte, 16)), elftest.Data("mapsx", make([]byte, 16)),
		elftest.Data(".maps.x", make([]byte, 16))}}
	defs, warns, err := Parse(o.File(), Options{})
	if defs != nil || warns != nil || err != nil {
		t.Errorf("L3 Parse = %v, %v, %v; want nothing", defs, warns, err)
	}
}

func TestIsSection(t *testing.T) {
	for _, c := range []struct {
		rule string
		sec  mapdef.Section
		want bool
	}{
		{"L3 maps", mapdef.Section{Name: "maps", Type: elf.SHT_PROGBITS, Flags: elf.SHF_ALLOC | elf.SHF_WRITE, Size: 16}, true},
		{"L3 maps with a suffix", mapdef.Section{Name: "maps/x", Type: elf.SHT_PROGBITS, Size: 16}, true},
		{"L3 ir-keytable's", mapdef.Section{Name: "lirc_mode2/maps", Type: elf.SHT_PROGBITS, Size: 28}, true},
		{"L3 a decoder", mapdef.Section{Name: "lirc_mode2/maps2", Type: elf.SHT_PROGBITS, Size: 28}, false},
		{"L4 const definitions", mapdef.Section{Name: "maps", Type: elf.SHT_PROGBITS, Flags: elf.SHF_ALLOC, Size: 16}, true},
		{"L3 empty", mapdef.Section{Name: "maps", Type: elf.SHT_PROGBITS}, false},
		{"L3 code", mapdef.Section{Name: "maps", Type: elf.SHT_PROGBITS, Flags: elf.SHF_EXECINSTR, Size: 16}, false},
		{"L3 nobits", mapdef.Section{Name: "maps", Type: elf.SHT_NOBITS, Size: 16}, false},
		{"L3 .maps", mapdef.Section{Name: ".maps", Type: elf.SHT_PROGBITS, Size: 16}, false},
		{"L3 maps.ext", mapdef.Section{Name: "maps.ext", Type: elf.SHT_PROGBITS, Size: 16}, false},
		{"L3 other maps prefix", mapdef.Section{Name: "maps_old", Type: elf.SHT_PROGBITS, Size: 16}, false},
	} {
		if got := IsSection(&c.sec); got != c.want {
			t.Errorf("%s: IsSection = %v", c.rule, got)
		}
	}
}

// L15: with the dialect given, sizes and flags that no kernel takes are handed on.
func TestMeaningIsTheKernels(t *testing.T) {
	o := elftest.Legacy(nil, "maps", lm{Name: "m", Words: words(1, 0, 0, 0, 0x8000_0000)})
	defs, warns := parse(t, o, Options{Dialect: dLibbpf})
	if got, want := numbers(defs[0]), [6]uint32{1, 0, 0, 0, 0x8000_0000}; got != want || len(warns) != 0 {
		t.Errorf("definition is %v, want %v; warnings %v", got, want, warns)
	}
}

func TestBaseLayouts(t *testing.T) {
	for _, order := range elftest.Orders() {
		for _, c := range []struct {
			rule, dialect string
			words         []uint32
			want          [6]uint32
		}{
			{"L2 L13 S16 B16", dLibbpf, words(1, 4, 8, 16), [6]uint32{1, 4, 8, 16}},
			{"L2 S20 B20 flags", dLibbpf, words(1, 4, 8, 16, 1), [6]uint32{1, 4, 8, 16, 1}},
			{"S24", dSamples, words(1, 4, 8, 16, 1, 0), [6]uint32{1, 4, 8, 16, 1}},
			{"S28 L33 numa node with its flag", dSamples, words(1, 4, 8, 16, 4, 0, 3), [6]uint32{1, 4, 8, 16, 4, 3}},
			{"L40 zero tail of 40 bytes", dLibbpf, words(1, 4, 8, 16, 1, 0, 0, 0, 0, 0), [6]uint32{1, 4, 8, 16, 1}},
			{"L114 zero tail of 44 bytes", dLibbpf, words(1, 4, 8, 16, 1, 0, 0, 0, 0, 0, 0), [6]uint32{1, 4, 8, 16, 1}},
		} {
			t.Run(c.rule+" "+order.String(), func(t *testing.T) {
				defs, warns := parse(t, elftest.Legacy(order, "maps", lm{Name: "m", Words: c.words}), Options{})
				d := defs[0]
				if numbers(d) != c.want || d.Dialect != c.dialect || d.Evidence == "" || d.InnerMap != mapdef.NoMap || len(warns) != 0 {
					t.Errorf("got %+v, warnings %v", d, warns)
				}
			})
		}
	}
}

func TestNumaIgnored(t *testing.T) {
	defs, _ := parse(t, elftest.Legacy(nil, "maps", lm{Name: "m", Words: words(1, 4, 8, 16, 0, 0, 1)}), Options{Dialect: "samples"})
	if defs[0].NumaNode != 0 || defs[0].Flags != 0 {
		t.Errorf("L33 node %d, flags %d without BPF_F_NUMA_NODE", defs[0].NumaNode, defs[0].Flags)
	}
}

// t3 is T3's list: a template, an outer map that names it by index.
func t3(order binary.ByteOrder) *elftest.Object {
	o := elftest.Legacy(order, "maps",
		lm{Name: "pad0", Words: words(2, 4, 4, 1, 0, 0, 0)},
		lm{Name: "inner", Words: words(1, 4, 8, 16, 0, 0, 0)},
		lm{Name: "outer", Words: words(13, 4, 0, 8, 0, 1, 0)},
		lm{Name: "numa", Words: words(1, 4, 4, 8, 4, 0, 0)},
		lm{Name: "jmp", Words: words(3, 4, 4, 8, 0, 0, 0)})
	slices.Reverse(o.Symbols)
	o.Sections = append(o.Sections, code(o.Order, "socket"), code(o.Order, "socket/0"))
	return o
}

func TestInnerByIndex(t *testing.T) {
	for _, order := range elftest.Orders() {
		o := t3(order)
		if order == nil {
			continue
		}
		defs, _ := parse(t, o, Options{})
		if got := names(defs); !slices.Equal(got, []string{"pad0", "inner", "outer", "numa", "jmp"}) {
			t.Fatalf("L10 order %v is not that of offsets", got)
		}
		if d := defs[2]; d.InnerMap != 1 || d.ValueSize != 4 || d.Dialect != dSamples {
			t.Errorf("L32 L18 outer: inner map %d, value size %d, dialect %s", d.InnerMap, d.ValueSize, d.Dialect)
		}
		if defs[3].NumaNode != 0 || defs[3].Flags != 4 {
			t.Errorf("L33 numa: %+v", defs[3])
		}
	}
}

func TestInnerIndexRefused(t *testing.T) {
	for _, c := range []struct {
		rule string
		idx  uint32
	}{{"L32 itself", 0}, {"L32 later", 1}, {"L32 none such", 7}} {
		o := elftest.Legacy(nil, "maps", lm{Name: "outer", Words: words(12, 4, 4, 8, 0, c.idx, 0)}, lm{Name: "inner", Words: words(1, 4, 8, 16, 0, 0, 0)})
		e := wantError(t, o, Options{}, "inner_map_idx", "names no earlier map", "katran", "samples")
		if e.Symbol != "outer" || e.Offset != mapdef.At(20) || e.Section != "maps" {
			t.Errorf("%s: place %q %q %v", c.rule, e.Section, e.Symbol, e.Offset)
		}
		defs, _, err := Parse(o.File(), Options{Relaxed: true})
		if c.idx == 1 && (err != nil || defs[0].InnerMap != 1) {
			t.Errorf("%s relaxed: %v, %v", c.rule, defs, err)
		}
		if c.idx != 1 && err == nil {
			t.Errorf("%s relaxed: no error", c.rule)
		}
	}
}

func TestInnerIndexCountsItsSection(t *testing.T) {
	o := elftest.Legacy(nil, "maps/b", lm{Name: "x", Words: words(1, 4, 8, 16, 0, 0, 0)}, lm{Name: "y", Words: words(13, 4, 4, 8, 0, 0, 0)})
	first := elftest.Legacy(nil, "maps/a", lm{Name: "p", Words: words(1, 4, 8, 16)}, lm{Name: "q", Words: words(1, 4, 8, 16)})
	o.Sections = append(first.Sections, o.Sections...)
	o.Symbols = append(o.Symbols, first.Symbols...)
	defs, _ := parse(t, o, Options{})
	if got := names(defs); !slices.Equal(got, []string{"p", "q", "x", "y"}) {
		t.Fatalf("L5 order %v is not by section, then offset", got)
	}
	if defs[3].InnerMap != 2 {
		t.Errorf("L5 L32 inner map %d, want 2", defs[3].InnerMap)
	}
}

func TestInnerFromCaller(t *testing.T) {
	defs, _ := parse(t, elftest.Legacy(nil, "maps", lm{Name: "o", Words: words(12, 4, 0, 8, 0)}), Options{})
	if d := defs[0]; d.InnerMap != mapdef.NoMap || d.ValueSize != 4 {
		t.Errorf("L43 A6 inner map %d, value size %d", d.InnerMap, d.ValueSize)
	}
}

func TestMapType(t *testing.T) {
	for _, typ := range []uint32{0, maxType + 1, 0xffffffff} {
		e := wantError(t, elftest.Legacy(nil, "maps", lm{Name: "ok", Words: words(1, 4, 4, 1)}, lm{Name: "bad", Words: words(typ, 4, 4, 1)}), Options{}, "map_type", "does not exist", "libbpf")
		if e.Symbol != "bad" || e.Offset != mapdef.At(16) {
			t.Errorf("L16 L28 type %d: place %q %v", typ, e.Symbol, e.Offset)
		}
	}
}

func TestElementSizeLimits(t *testing.T) {
	short := elftest.Legacy(nil, "maps", lm{Name: "m", Words: words(1, 4, 4)})
	wantError(t, short, Options{}, "element_size", "at least 16") // L13
	odd := elftest.Legacy(nil, "maps", lm{Name: "m", Bytes: append(make([]byte, 18), 0)})
	odd.Sections[0].Data[0] = 1
	wantError(t, odd, Options{}, "element_size", "multiple of 4")
}

func TestUnknownTail(t *testing.T) {
	o := elftest.Legacy(nil, "maps", lm{Name: "a", Words: words(1, 4, 4, 1, 0, 0, 0, 0)}, lm{Name: "b", Words: words(1, 4, 4, 1, 0, 0, 0, 1)})
	// T5: the map and offset 28 are named, Relaxed keeps the bytes.
	e := wantError(t, o, Options{}, "unknown_layout", `"b"`, "byte 28", "--dialect")
	if e.Symbol != "b" || e.Offset != mapdef.At(60) {
		t.Errorf("T5 place %q %v", e.Symbol, e.Offset)
	}
	e = wantError(t, o, Options{Dialect: "samples"}, "unknown_field", "byte 28 of 32", "0x1", "samples")
	if e.Symbol != "b" || e.Offset != mapdef.At(60) {
		t.Errorf("T5 place %q %v", e.Symbol, e.Offset)
	}
	defs, _ := parse(t, o, Options{Relaxed: true})
	if !slices.Equal(defs[1].Tail, []byte{1, 0, 0, 0}) || defs[0].Tail != nil {
		t.Errorf("L14 relaxed: tails %v, %v", defs[0].Tail, defs[1].Tail)
	}
}

func TestUnknownDialect(t *testing.T) {
	o := elftest.Legacy(nil, "maps", lm{Name: "m", Words: words(1, 4, 4, 1)})
	for _, name := range []string{"nonsense", "windows"} {
		e := wantError(t, o, Options{Dialect: name}, "unknown_dialect", name, "samples", "iproute2-4.1", "katran")
		if !errors.Is(e, mapdef.ErrUsage) {
			t.Errorf("L110 %q is not wrong usage", name)
		}
	}
	auto, _ := parse(t, o, Options{Dialect: Auto})
	if auto[0].Dialect != dLibbpf {
		t.Errorf("L110 auto gave %q", auto[0].Dialect)
	}
}

func TestDialectsOrder(t *testing.T) {
	want := []string{"samples", "libbpf", "iproute2", "iproute2-4.5", "iproute2-4.1", "gobpf", "datadog", "aya", "goebpf", "android", "aws", "deepflow", "katran"}
	var got []string
	for _, d := range Dialects() {
		got = append(got, d.Name)
		if d.Summary == "" || strings.Contains(d.Summary, "\n") || d.Name == dWindows {
			t.Errorf("L110 bad row %+v", d)
		}
	}
	if len(got) < len(want) || !slices.Equal(got[:len(want)], want) {
		t.Errorf("L110 order %v", got)
	}
}
