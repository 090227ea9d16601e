package kconfig_test

import (
	"debug/elf"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/kconfig"
	"github.com/bpfload/bpfload/internal/mapdef"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

// option is one extern of an object to be: a name and what its type is made of.
type option struct {
	name string
	typ  func(*elftest.BTF) elftest.ID
	bind elf.SymBind // 0 (local) stands for global
}

func integer(size uint32, encoding uint32) func(*elftest.BTF) elftest.ID {
	return func(b *elftest.BTF) elftest.ID { return b.Int("int", size, encoding) }
}

func tristate(b *elftest.BTF) elftest.ID {
	return b.Enum("libbpf_tristate", 4, false, elftest.Enumerator{Name: "TRI_NO"})
}

func text(n uint32) func(*elftest.BTF) elftest.ID {
	return func(b *elftest.BTF) elftest.ID {
		c := b.Int("char", 1, elftest.Signed)
		return b.Array(b.Const(c), b.Int("index", 4, 0), n)
	}
}

// object has the options in DATASEC .kconfig, and undefined symbols for them.
func object(options ...option) *mapdef.File {
	b := elftest.NewBTF(nil)
	var infos []elftest.SecInfo
	var symbols []elftest.Symbol
	for _, o := range options {
		v := b.Var(o.name, o.typ(b), rawbtf.LinkExtern)
		infos = append(infos, elftest.SecInfo{Var: v})
		bind := o.bind
		if bind == elf.STB_LOCAL {
			bind = elf.STB_GLOBAL
		}
		symbols = append(symbols, elftest.Symbol{Name: o.name, Bind: bind})
	}
	b.Datasec(".kconfig", 0, infos...)
	return (&elftest.Object{Sections: []elftest.Section{b.Section()}, Symbols: symbols}).File()
}

func read(t *testing.T, options ...option) *kconfig.Set {
	t.Helper()
	set, err := kconfig.Read(object(options...))
	if err != nil || set == nil {
		t.Fatalf("set %v, %v", set, err)
	}
	return set
}

func TestReadNone(t *testing.T) {
	unreferenced := object(option{name: "CONFIG_A", typ: integer(4, 0)})
	unreferenced.Symbols = unreferenced.Symbols[:1]
	defined := object(option{name: "CONFIG_A", typ: integer(4, 0)})
	for i := range defined.Symbols {
		defined.Symbols[i].Section = 1
	}
	typed := object(option{name: "CONFIG_A", typ: integer(4, 0)})
	for i := range typed.Symbols {
		typed.Symbols[i].Type = elf.STT_OBJECT
	}
	noBTF := object(option{name: "CONFIG_A", typ: integer(4, 0)})
	noBTF.BTF = nil
	for _, row := range []struct {
		name string
		f    *mapdef.File
	}{
		{"R106 no instruction refers to it", unreferenced},
		{"R106 the symbol is defined", defined},
		{"R106 the symbol has a type", typed},
		{"R107 no BTF", noBTF},
		{"no variables", object()},
	} {
		if set, err := kconfig.Read(row.f); set != nil || err != nil {
			t.Errorf("%s: %+v, %v", row.name, set, err)
		}
	}
}

func TestReadTypes(t *testing.T) {
	array := func(elem func(*elftest.BTF) elftest.ID, n uint32) func(*elftest.BTF) elftest.ID {
		return func(b *elftest.BTF) elftest.ID { return b.Array(elem(b), b.Int("index", 4, 0), n) }
	}
	for _, row := range []struct {
		name string
		typ  func(*elftest.BTF) elftest.ID
		kind kconfig.Kind // 0: refused
		size uint32
	}{
		{"R108 bool", integer(1, elftest.Bool), kconfig.Bool, 1},
		{"R108 wide bool", integer(4, elftest.Bool), 0, 0},
		{"R108 char", integer(1, elftest.Signed), kconfig.Char, 1},
		{"R108 unsigned char", integer(1, elftest.Unsigned), kconfig.Char, 1},
		{"R108 2 bytes", integer(2, elftest.Signed), kconfig.Int, 2},
		{"R108 4 bytes", integer(4, elftest.Unsigned), kconfig.Int, 4},
		{"R108 8 bytes", integer(8, elftest.Unsigned), kconfig.Int, 8},
		{"R108 16 bytes", integer(16, elftest.Unsigned), 0, 0},
		{"R108 3 bytes", integer(3, elftest.Unsigned), 0, 0},
		{"R108 tristate", tristate, kconfig.Tristate, 4},
		{"R108 another enum", func(b *elftest.BTF) elftest.ID { return b.Enum("other", 4, false) }, 0, 0},
		{"R108 narrow tristate", func(b *elftest.BTF) elftest.ID { return b.Enum("libbpf_tristate", 1, false) }, 0, 0},
		{"R108 text", text(7), kconfig.Text, 7},
		{"R108 empty text", text(0), 0, 0},
		{"R108 array of int", array(integer(4, 0), 2), 0, 0},
		{"R108 array of bool", array(integer(1, elftest.Bool), 2), 0, 0},
		{"R108 pointer", func(b *elftest.BTF) elftest.ID { return b.Ptr(0) }, 0, 0},
		{"R108 struct", func(b *elftest.BTF) elftest.ID { return b.Struct("s", 4) }, 0, 0},
		{"R108 void", func(*elftest.BTF) elftest.ID { return 0 }, 0, 0},
		{"R108 qualifiers and names are stripped", func(b *elftest.BTF) elftest.ID {
			return b.Const(b.Typedef("t", b.Volatile(b.Int("int", 2, 0))))
		}, kconfig.Int, 2},
		{"R108 a cycle", func(b *elftest.BTF) elftest.ID { return b.Typedef("loop", b.Next()) }, 0, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			set, err := kconfig.Read(object(option{name: "CONFIG_X", typ: row.typ}))
			if row.kind == 0 {
				wantError(t, err, "kconfig_type", "CONFIG_X")
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if v := set.Vars[0]; v.Kind != row.kind || v.Size != row.size || set.Size != row.size {
				t.Errorf("%+v of %d bytes", v, set.Size)
			}
		})
	}
}

func wantError(t *testing.T, err error, code, symbol string) {
	t.Helper()
	var e *mapdef.Error
	if !errors.As(err, &e) || e.Code != code || e.Symbol != symbol || e.Section != ".kconfig" || !errors.Is(err, mapdef.ErrBadObject) {
		t.Errorf("error is %#v, want %s of %s", err, code, symbol)
	}
}

func TestReadFunction(t *testing.T) {
	b := elftest.NewBTF(nil)
	f := b.Func("CONFIG_F", b.FuncProto(0), rawbtf.LinkExtern)
	b.Datasec(".kconfig", 0, elftest.SecInfo{Var: f})
	file := (&elftest.Object{Sections: []elftest.Section{b.Section()}, Symbols: []elftest.Symbol{{Name: "CONFIG_F", Bind: elf.STB_GLOBAL}}}).File()
	_, err := kconfig.Read(file)
	wantError(t, err, "kconfig_type", "CONFIG_F") // R107
}

func TestReadNames(t *testing.T) {
	for name, ok := range map[string]bool{"CONFIG_X": true, "LINUX_X": true, "CONFIGX": false, "X": false, "linux_x": false} {
		set, err := kconfig.Read(object(option{name, integer(4, 0), elf.STB_WEAK}))
		if ok && (err != nil || !set.Vars[0].Weak) {
			t.Errorf("R111 %s: %+v, %v", name, set, err)
		}
		if !ok {
			wantError(t, err, "kconfig_name", name)
		}
	}
}

// R109, with the example of the rule.
func TestLayout(t *testing.T) {
	set := read(t,
		option{name: "CONFIG_A", typ: integer(1, elftest.Signed)}, option{name: "CONFIG_B", typ: integer(1, elftest.Bool)},
		option{name: "CONFIG_C", typ: tristate}, option{name: "CONFIG_D", typ: integer(8, 0)},
		option{name: "CONFIG_E", typ: integer(2, elftest.Signed)}, option{name: "CONFIG_F", typ: text(6)},
		option{name: "CONFIG_G", typ: integer(1, 0)})
	var got []string
	var offsets []uint32
	for _, v := range set.Vars {
		got = append(got, strings.TrimPrefix(v.Name, "CONFIG_"))
		offsets = append(offsets, v.Offset)
	}
	if want := []string{"D", "C", "E", "A", "B", "G", "F"}; !slices.Equal(got, want) {
		t.Errorf("R109 order %v, want %v", got, want)
	}
	if want := []uint32{0, 8, 12, 14, 15, 16, 17}; !slices.Equal(offsets, want) {
		t.Errorf("R109 offsets %v, want %v", offsets, want)
	}
	if set.Size != 23 {
		t.Errorf("R109 size %d, which is not to be rounded", set.Size)
	}
	if i, ok := set.Find("CONFIG_E"); !ok || i != 2 {
		t.Errorf("E is number %d, %t", i, ok)
	}
	if _, ok := set.Find("CONFIG_Z"); ok {
		t.Error("Z is found")
	}
}

func TestLayoutTooLarge(t *testing.T) {
	_, err := kconfig.Read(object(option{name: "CONFIG_A", typ: text(math.MaxInt32)}, option{name: "CONFIG_B", typ: text(math.MaxUint32)}))
	wantError(t, err, "kconfig_size", "CONFIG_B")
}
