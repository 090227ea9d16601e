package elfload_test

import (
	"debug/elf"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bpfload/bpfload/elfload"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

// tableOf is an object's BTF, nil for none.
func tableOf(t *testing.T, path string) *rawbtf.Table {
	t.Helper()
	f, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s := f.Section(".BTF")
	if s == nil {
		return nil
	}
	raw, err := s.Data()
	if err != nil {
		t.Fatal(err)
	}
	table, err := rawbtf.Parse(raw, f.ByteOrder)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// layoutText tells everything of a type that a program can depend on: names, kinds, sizes,
// offsets and widths in bits. What pointers point to goes by its name.
func layoutText(table *rawbtf.Table, id rawbtf.ID, depth int) string {
	if table == nil || id == 0 || depth > 20 {
		return "-"
	}
	ty := table.Type(id)
	text := ty.Kind.String() + " " + ty.Name()
	ref := func() string { return layoutText(table, ty.Ref(), depth+1) }
	switch ty.Kind {
	case rawbtf.Int:
		return fmt.Sprintf("%s %d/%d", text, ty.Size(), ty.Int().Encoding)
	case rawbtf.Ptr:
		return "ptr " + table.CName(ty.Ref())
	case rawbtf.Array:
		return fmt.Sprintf("array[%d] of %s", ty.Array().Nelems, layoutText(table, ty.Array().Elem, depth+1))
	case rawbtf.Enum, rawbtf.Enum64:
		for i := range ty.Vlen {
			v := ty.Enumerator(i).Value
			if ty.Kind == rawbtf.Enum {
				v &= 0xffffffff // compilers up to clang 15 do not tell the sign
			}
			text += fmt.Sprintf(" %s=%#x", ty.Enumerator(i).Name, v)
		}
		return fmt.Sprintf("%s size %d", text, ty.Size())
	case rawbtf.Struct, rawbtf.Union:
		text += fmt.Sprintf(" size %d {", ty.Size())
		for i := range ty.Vlen {
			m := ty.Member(i)
			of, in := layoutText(table, m.Type, depth+1), table.Type(m.Type)
			if in.Kind == rawbtf.Enum && in.Name() == "" || of == "int unsigned int 4/0" {
				of = "unsigned int or anonymous enum" // a second use of one is an integer
			}
			text += fmt.Sprintf(" %s@%d:%d %s;", m.Name(), m.BitOffset, m.BitSize, of)
		}
		return text + " }"
	case rawbtf.Typedef, rawbtf.Const, rawbtf.Volatile, rawbtf.Restrict, rawbtf.TypeTag:
		return text + " " + ref()
	}
	return text
}

// TestConvertRandomTypes prints types that nobody has thought of: random structs with bit
// fields, padding and attributes, as clang lays them out.
func TestConvertRandomTypes(t *testing.T) {
	seeds := 3
	if os.Getenv("CONVERT_SEEDS") != "" {
		fmt.Sscan(os.Getenv("CONVERT_SEEDS"), &seeds)
	}
	for _, cc := range compilers(t) {
		for seed := range seeds {
			t.Run(fmt.Sprintf("%s %d", cc, seed), func(t *testing.T) {
				source := (&typeMaker{state: uint64(seed)*2 + 1}).source(12)
				legacy := compile(t, cc, "bpfel", source)
				obj, err := elfload.Open(legacy)
				if err != nil {
					t.Fatalf("%v\n%s", err, source)
				}
				text, warns := converted(t, obj, elfload.ConvertOptions{})
				for _, w := range warns {
					t.Errorf("%s: %s\n%s", w.Map, w.Message, source)
				}
				again, err := elfload.Open(compile(t, cc, "bpfel", text, "-DBPFLOAD_STUBS"))
				if err != nil {
					t.Fatal(err)
				}
				compareTypes(t, obj, again)
			})
		}
	}
}

// compareTypes compares the values' types of two objects map by map.
func compareTypes(t *testing.T, obj, again *elfload.Object) {
	t.Helper()
	a, b := tableOf(t, obj.Path), tableOf(t, again.Path)
	for i := range obj.Maps {
		d := &obj.Maps[i]
		if !isLegacy(d) {
			continue
		}
		j, ok := again.MapIndex(d.Name)
		if !ok {
			t.Fatalf("%s: there is no map %q", filepath.Base(obj.Path), d.Name)
		}
		e := &again.Maps[j]
		for _, pair := range [][2]uint32{{d.KeyType, e.KeyType}, {d.ValueType, e.ValueType}} {
			want, got := layoutText(a, pair[0], 0), layoutText(b, pair[1], 0)
			if got != want {
				t.Errorf("%s\ngot  %s\nwant %s", d.Name, got, want)
			}
		}
	}
}

// typeMaker makes C types, the same ones for the same state.
type typeMaker struct {
	state  uint64
	nested []string
}

func (m *typeMaker) pick(n int) int {
	m.state = m.state*6364136223846793005 + 1442695040888963407
	return int(m.state >> 33 % uint64(n))
}

// source is a legacy object's C with n maps of random value types.
func (m *typeMaker) source(n int) string {
	var b strings.Builder
	b.WriteString("struct bpf_map_def { unsigned type, key_size, value_size, max_entries, map_flags; };\n")
	for i := range n {
		name := fmt.Sprintf("s%d", i)
		fmt.Fprintf(&b, "%s %s %s;\n", [...]string{"struct", "struct", "struct", "union"}[m.pick(4)], name, m.body(0))
		m.nested = append(m.nested, name)
		text := b.String()
		word := "struct"
		if strings.Contains(text, "union "+name+" {") {
			word = "union"
		}
		fmt.Fprintf(&b, "typedef %s %s t%d;\n", word, name, i)
		fmt.Fprintf(&b, "struct ____btf_map_m%d { unsigned key; t%d value; };\n", i, i)
		fmt.Fprintf(&b, "struct ____btf_map_m%d ____btf_map_m%d __attribute__((section(\".maps.m%d\"), used)) = {};\n", i, i, i)
		fmt.Fprintf(&b, "struct bpf_map_def m%d __attribute__((section(\"maps\"), used)) = { 1, 4, sizeof(t%d), 1, 0 };\n", i, i)
	}
	return b.String()
}

func (m *typeMaker) body(depth int) string {
	ints := [...]struct {
		name string
		bits int
	}{{"unsigned char", 8}, {"char", 8}, {"short", 16}, {"unsigned short", 16}, {"int", 32}, {"unsigned int", 32}, {"long", 64},
		{"unsigned long long", 64}, {"_Bool", 1}, {"__int128", 128}}
	var b strings.Builder
	b.WriteString("{ int begins;")
	for i := range 1 + m.pick(8) {
		in := ints[m.pick(len(ints))]
		name := fmt.Sprintf("m%d_%d", depth, i)
		switch m.pick(10) {
		case 0, 1, 2:
			if in.bits == 128 {
				in.bits = 64
				in.name = "long"
			}
			fmt.Fprintf(&b, " %s %s : %d;", in.name, name, 1+m.pick(in.bits))
		case 3:
			fmt.Fprintf(&b, " %s %s[%d];", in.name, name, m.pick(4))
		case 4:
			fmt.Fprintf(&b, " %s %s __attribute__((aligned(%d)));", in.name, name, 1<<m.pick(6))
		case 5:
			if depth < 2 {
				word := [...]string{"struct", "union"}[m.pick(2)]
				fmt.Fprintf(&b, " %s %s %s;", word, m.body(depth+1), name)
			}
		case 6:
			if len(m.nested) > 0 {
				k := m.pick(len(m.nested))
				fmt.Fprintf(&b, " t%d %s;", k, name)
			}
		case 7:
			fmt.Fprintf(&b, " struct other%d *%s; long : %d;", m.pick(9), name, m.pick(60))
		default:
			fmt.Fprintf(&b, " %s %s;", in.name, name)
		}
	}
	b.WriteString(" }")
	switch m.pick(8) {
	case 0, 1:
		b.WriteString(" __attribute__((packed))")
	case 2:
		fmt.Fprintf(&b, " __attribute__((packed, aligned(%d)))", 1<<m.pick(5))
	case 3:
		fmt.Fprintf(&b, " __attribute__((aligned(%d)))", 1<<m.pick(7))
	}
	return b.String()
}
