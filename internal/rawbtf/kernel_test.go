package rawbtf_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/cilium/ebpf/btf"

	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/kerneltest"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

// answers gives FixUps from two tables; "section/variable" names a variable.
type answers struct {
	sizes   map[string]uint64
	symbols map[string]rawbtf.Placement
}

func (e answers) fixUps() rawbtf.FixUps {
	return rawbtf.FixUps{
		SectionSize: func(section string) (uint64, bool) { n, ok := e.sizes[section]; return n, ok },
		Symbol: func(section string, v rawbtf.Variable) (rawbtf.Placement, bool) {
			p, ok := e.symbols[section+"/"+v.Name]
			return p, ok
		},
	}
}

func at(offset uint64) rawbtf.Placement { return rawbtf.Placement{Offset: offset} }

type symbols = map[string]rawbtf.Placement

// kernelRows has one row for each thing that the kernel's copy has otherwise.
// want has the lines of describe that must be there, notes the codes.
var kernelRows = []struct {
	name  string
	build func(b *elftest.BTF)
	elf   answers
	want  []string
	notes []string
}{
	{
		name: "R30 R31 R36 L105 size, offsets, order",
		build: func(b *elftest.BTF) {
			i := b.Int("int", 4, elftest.Signed)
			v, w := b.Var("v", i, rawbtf.LinkGlobal), b.Var("w", i, rawbtf.LinkGlobal)
			b.Datasec(".data", 0, elftest.SecInfo{Var: v, Size: 4}, elftest.SecInfo{Var: w, Size: 4})
		},
		elf:  answers{map[string]uint64{".data": 12}, symbols{".data/v": at(8), ".data/w": at(0)}},
		want: []string{".data size 12: w@0+4 global, v@8+4 global"},
	},
	{
		name: "R33 statics keep their offset",
		build: func(b *elftest.BTF) {
			i := b.Int("int", 4, elftest.Signed)
			b.Datasec(".bss", 0, elftest.SecInfo{Var: b.Var("s", i, rawbtf.LinkStatic), Offset: 4, Size: 4})
		},
		elf:  answers{sizes: map[string]uint64{".bss": 8}},
		want: []string{".bss size 8: s@4+4 static"},
	},
	{
		name: "R34 hidden variables become static",
		build: func(b *elftest.BTF) {
			i := b.Int("int", 4, elftest.Signed)
			b.Datasec(".bss", 0, elftest.SecInfo{Var: 3, Size: 4})
			b.Var("h", i, rawbtf.LinkGlobal)
		},
		elf:  answers{map[string]uint64{".bss": 4}, symbols{".bss/h": {Hidden: true}}},
		want: []string{".bss size 4: h@0+4 static"},
	},
	{
		name: "D5 symbols count in linked objects, too",
		build: func(b *elftest.BTF) {
			i := b.Int("int", 4, elftest.Signed)
			v, w := b.Var("v", i, rawbtf.LinkGlobal), b.Var("w", i, rawbtf.LinkGlobal)
			b.Datasec(".data", 8, elftest.SecInfo{Var: v, Size: 4}, elftest.SecInfo{Var: w, Offset: 4, Size: 4})
		},
		elf:   answers{map[string]uint64{".data": 8}, symbols{".data/v": at(4), ".data/w": at(0)}},
		want:  []string{".data size 8: w@0+4 global, v@4+4 global"},
		notes: []string{"btf_offset", "btf_offset"},
	},
	{
		name: "C21 global without symbol",
		build: func(b *elftest.BTF) {
			i := b.Int("int", 4, elftest.Signed)
			b.Datasec(".data", 0, elftest.SecInfo{Var: b.Var("v", i, rawbtf.LinkGlobal), Size: 4})
			b.Datasec(".linked", 4, elftest.SecInfo{Var: b.Var("w", i, rawbtf.LinkGlobal), Size: 4})
		},
		elf:   answers{sizes: map[string]uint64{".data": 4, ".linked": 4}},
		want:  []string{".data size 4: ", ".linked size 4: w@0+4 global"},
		notes: []string{"btf_variable"},
	},
	{
		name: "section that the file does not have",
		build: func(b *elftest.BTF) {
			i := b.Int("int", 4, elftest.Signed)
			b.Datasec(".gone", 0, elftest.SecInfo{Var: b.Var("s", i, rawbtf.LinkStatic), Size: 4})
		},
		want:  []string{".gone size 1: "},
		notes: []string{"btf_variable"},
	},
	{
		name: "R136 duplicate offsets",
		build: func(b *elftest.BTF) {
			i := b.Int("int", 4, elftest.Signed)
			v, w := b.Var("v", i, rawbtf.LinkGlobal), b.Var("w", i, rawbtf.LinkGlobal)
			b.Datasec(".data", 0, elftest.SecInfo{Var: v, Size: 4}, elftest.SecInfo{Var: w, Size: 4})
		},
		elf:   answers{map[string]uint64{".data": 8}, symbols{".data/v": at(4), ".data/w": at(4)}},
		want:  []string{".data size 8: v@4+4 global"},
		notes: []string{"btf_variable"},
	},
	{
		name: "variables outside, too far, and without size",
		build: func(b *elftest.BTF) {
			i := b.Int("int", 4, elftest.Signed)
			none := b.Array(i, i, 0)
			v, w, x := b.Var("v", i, rawbtf.LinkGlobal), b.Var("w", i, rawbtf.LinkGlobal), b.Var("x", none, rawbtf.LinkGlobal)
			b.Datasec(".data", 0, elftest.SecInfo{Var: v, Size: 4}, elftest.SecInfo{Var: w, Size: 4}, elftest.SecInfo{Var: x})
		},
		elf:   answers{map[string]uint64{".data": 8}, symbols{".data/v": at(6), ".data/w": at(1 << 33), ".data/x": at(0)}},
		want:  []string{".data size 8: "},
		notes: []string{"btf_variable", "btf_variable", "btf_variable"},
	},
	{
		name: "a size smaller than the type's grows",
		build: func(b *elftest.BTF) {
			i := b.Int("int", 4, elftest.Signed)
			b.Datasec(".data", 0, elftest.SecInfo{Var: b.Var("v", i, rawbtf.LinkGlobal), Size: 2})
		},
		elf:  answers{map[string]uint64{".data": 8}, symbols{".data/v": at(0)}},
		want: []string{".data size 8: v@0+4 global"},
	},
	{
		name: "R136 D6 arrays over 4 GiB",
		build: func(b *elftest.BTF) {
			i := b.Int("int", 4, elftest.Signed)
			b.Ptr(b.Array(i, i, 1<<30))
			b.Ptr(b.Array(b.Array(i, i, 1<<29), i, 8))
			b.Ptr(b.Array(i, i, 1<<30-1))
		},
		want:  []string{"array 2 of 0", "array 4 of 536870912", "array 5 of 0", "array 7 of 1073741823"},
		notes: []string{"btf_array", "btf_array"},
	},
	{
		name: "R136 D6 names",
		build: func(b *elftest.BTF) {
			i := b.Int("int", 4, elftest.Signed)
			b.Var("a$b-c", i, rawbtf.LinkGlobal)
			b.Struct("Option<u8>", 4, elftest.Member{Name: "0", Type: i})
			b.Enum("e", 4, false, elftest.Enumerator{Name: "A::B", Value: 1})
			b.Enum64("f", 8, false, elftest.Enumerator{Name: "A b", Value: 1})
			b.Typedef("f.static", i)
			b.FuncProto(0, elftest.Param{Name: "a-b", Type: i})
		},
		want:  []string{"var a_b_c", "struct Option_u8_", "member _", "enumerator A__B", "enumerator A_b", "typedef f.static", "param a_b"},
		notes: []string{"btf_name", "btf_name", "btf_name", "btf_name", "btf_name", "btf_name"},
	},
	{
		name: "R136 names that are too long",
		build: func(b *elftest.BTF) {
			b.Var(strings.Repeat("x", 600), b.Int("int", 4, elftest.Signed), rawbtf.LinkGlobal)
		},
		want:  []string{"var " + strings.Repeat("x", 511)},
		notes: []string{"btf_name"},
	},
	{
		name: "names of sections, ints, floats and tags may be anything",
		build: func(b *elftest.BTF) {
			i := b.Int("a-int", 4, elftest.Signed)
			b.Float("a-float", 4)
			b.DeclTag("contains:a-b:c", b.Struct("s", 0), -1)
			b.Datasec(".data.my-sec", 0, elftest.SecInfo{Var: b.Var("v", i, rawbtf.LinkGlobal), Size: 4})
		},
		elf:  answers{map[string]uint64{".data.my-sec": 4}, symbols{".data.my-sec/v": at(0)}},
		want: []string{".data.my-sec size 4: v@0+4 global"},
	},
	{
		name: "R136 extern variables and functions",
		build: func(b *elftest.BTF) {
			i := b.Int("int", 4, elftest.Signed)
			f := b.Func("kfunc", b.FuncProto(i, elftest.Param{Type: i}), rawbtf.LinkExtern)
			v := b.Var("ksym", b.Const(0), rawbtf.LinkExtern)
			b.Datasec(".ksyms", 0, elftest.SecInfo{Var: f}, elftest.SecInfo{Var: v})
		},
		want: []string{".ksyms size 1: ", "func kfunc global", "param kfunc", "var ksym"},
	},
	{
		name: "R110 .kconfig as the caller lays it out",
		build: func(b *elftest.BTF) {
			i := b.Int("int", 4, elftest.Signed)
			b.Datasec(".kconfig", 0, elftest.SecInfo{Var: b.Var("CONFIG_HZ", i, rawbtf.LinkExtern), Size: 4})
		},
		elf:  answers{map[string]uint64{".kconfig": 12}, symbols{".kconfig/CONFIG_HZ": at(8)}},
		want: []string{".kconfig size 12: CONFIG_HZ@8+4 global"},
	},
	{
		name: "a variable of type void, as clang has it for an anonymous union",
		build: func(b *elftest.BTF) {
			b.Datasec(".maps", 0, elftest.SecInfo{Var: b.Var("v", 0, rawbtf.LinkGlobal), Size: 8})
		},
		elf:   answers{map[string]uint64{".maps": 8}, symbols{".maps/v": at(0)}},
		want:  []string{".maps size 8: ", "var v", "int v of 4"},
		notes: []string{"btf_variable"},
	},
	{
		name: "D6 a signed char has one encoding",
		build: func(b *elftest.BTF) {
			b.Int("signed char", 1, rawbtf.IntSigned|rawbtf.IntChar)
			b.Int("_Bool", 1, rawbtf.IntBool|rawbtf.IntChar)
		},
	},
	{
		name: "D6 functions without a name",
		build: func(b *elftest.BTF) {
			b.Var("named", b.Int("int", 4, rawbtf.IntSigned), rawbtf.LinkGlobal)
			b.Func("", b.FuncProto(0), rawbtf.LinkStatic)
		},
	},
	{
		name: "an int is added where there is none",
		build: func(b *elftest.BTF) {
			b.Var("ksym", 0, rawbtf.LinkExtern)
		},
		want: []string{"var ksym", "int ksym of 4"},
	},
}

func TestForKernel(t *testing.T) {
	for _, row := range kernelRows {
		t.Run(row.name, func(t *testing.T) {
			for _, order := range elftest.Orders() {
				t.Run(order.String(), func(t *testing.T) {
					b := elftest.NewBTF(order)
					row.build(b)
					before := b.Bytes()
					raw, notes, err := b.Table().ForKernel(row.elf.fixUps())
					if err != nil {
						t.Fatal(err)
					}
					got := describe(t, raw, order)
					for _, line := range row.want {
						if !contains(got, line) {
							t.Errorf("no %q in %q", line, got)
						}
					}
					var codes []string
					for _, n := range notes {
						codes = append(codes, n.Code)
					}
					if !reflect.DeepEqual(codes, row.notes) {
						t.Errorf("notes are %+v, want codes %q", notes, row.notes)
					}
					if !reflect.DeepEqual(before, b.Bytes()) {
						t.Error("the original has changed")
					}
				})
			}
			t.Run("kernel", func(t *testing.T) { loads(t, row.build, row.elf) })
		})
	}
}

// loads gives the copy to the kernel.
func loads(t *testing.T, build func(b *elftest.BTF), e answers) {
	t.Helper()
	kerneltest.Require(t)
	b := elftest.NewBTF(hostOrder())
	build(b)
	raw, _, err := b.Table().ForKernel(e.fixUps())
	if err != nil {
		t.Fatal(err)
	}
	mustLoad(t, raw)
}

func mustLoad(t *testing.T, raw []byte) {
	t.Helper()
	h, err := btf.NewHandleFromRawBTF(raw)
	if err != nil {
		t.Fatalf("the kernel refuses the copy: %+v", err)
	}
	if err := h.Close(); err != nil {
		t.Error(err)
	}
}

func hostOrder() binary.ByteOrder {
	if binary.NativeEndian.Uint16([]byte{1, 0}) == 1 {
		return binary.LittleEndian
	}
	return binary.BigEndian
}

func contains(list []string, s string) bool {
	for _, have := range list {
		if have == s {
			return true
		}
	}
	return false
}

var linkages = [...]string{"static", "global", "extern"}

// describe lists what tests look at, one line per thing.
func describe(t *testing.T, raw []byte, order binary.ByteOrder) []string {
	t.Helper()
	table, err := rawbtf.Parse(raw, order)
	if err != nil {
		t.Fatalf("the copy cannot be read: %v", err)
	}
	var all []string
	for id := 1; id < table.Len(); id++ {
		ty := table.Type(rawbtf.ID(id))
		switch ty.Kind {
		case rawbtf.Datasec:
			vars, err := ty.Variables()
			if err != nil {
				t.Error(err)
			}
			var list []string
			for _, v := range vars {
				list = append(list, fmt.Sprintf("%s@%d+%d %s", v.Name, v.Offset, v.Size, linkages[v.Linkage]))
			}
			all = append(all, fmt.Sprintf("%s size %d: %s", ty.Name(), ty.Size(), strings.Join(list, ", ")))
		case rawbtf.Array:
			all = append(all, fmt.Sprintf("array %d of %d", id, ty.Array().Nelems))
		case rawbtf.Func:
			all = append(all, fmt.Sprintf("func %s %s", ty.Name(), linkages[ty.Linkage()]))
		case rawbtf.Int:
			all = append(all, fmt.Sprintf("int %s of %d", ty.Name(), ty.Size()))
		default:
			all = append(all, ty.Kind.String()+" "+ty.Name())
		}
		for i := range ty.Vlen {
			switch ty.Kind {
			case rawbtf.Struct, rawbtf.Union:
				all = append(all, "member "+ty.Member(i).Name())
			case rawbtf.Enum, rawbtf.Enum64:
				all = append(all, "enumerator "+ty.Enumerator(i).Name)
			case rawbtf.FuncProto:
				all = append(all, "param "+ty.Param(i).Name)
			}
		}
	}
	return all
}

func TestForKernelRefuses(t *testing.T) {
	b := elftest.NewBTF(nil)
	i := b.Int("int", 4, elftest.Signed)
	b.Datasec(".data", 0, elftest.SecInfo{Var: i, Size: 4})
	raw, notes, err := b.Table().ForKernel(answers{}.fixUps())
	var notVar *rawbtf.NotVarError
	if !errors.As(err, &notVar) || notVar.Kind != rawbtf.Int || notVar.Section != ".data" || raw != nil || notes != nil {
		t.Errorf("R35: %v, %v, %v", raw, notes, err)
	}
}

func TestForKernelHeader(t *testing.T) {
	b := elftest.NewBTF(nil)
	b.Int("int", 4, elftest.Signed)
	plain := b.Bytes()
	le := binary.LittleEndian
	long := append(append([]byte(nil), plain[:24]...), 0xaa, 0xaa, 0xaa, 0xaa, 0xbb, 0xbb, 0xbb, 0xbb)
	long = append(append(long, plain[24:]...), 1, 2, 3, 4) // a layout section at the end
	le.PutUint32(long[4:], 32)
	table, err := rawbtf.Parse(long, le)
	if err != nil {
		t.Fatal(err)
	}
	raw, _, err := table.ForKernel(answers{}.fixUps())
	if err != nil || !reflect.DeepEqual(raw, plain) {
		t.Errorf("R137 layout section is not cut: %x, %v, want %x", raw, err, plain)
	}
}

func TestSameNamesInTwoSections(t *testing.T) {
	b := elftest.NewBTF(nil)
	i := b.Int("int", 4, elftest.Signed)
	v := b.Var("v", i, rawbtf.LinkStatic)
	b.Datasec(".a", 0, elftest.SecInfo{Var: v, Size: 4})
	b.Datasec(".a", 0, elftest.SecInfo{Var: b.Var("w", i, rawbtf.LinkStatic), Size: 4})
	if got := b.Table().Datasecs(".a"); len(got) != 2 || got[0].ID != 3 || got[1].ID != 5 {
		t.Errorf("DATASECs are %+v", got)
	}
	if got := b.Table().Datasecs(".b"); got != nil {
		t.Errorf("DATASECs are %+v, want none", got)
	}
	vars, err := b.Table().Type(3).Variables()
	want := []rawbtf.Variable{{Name: "v", Var: v, Type: i, Size: 4}}
	if err != nil || !reflect.DeepEqual(vars, want) {
		t.Errorf("variables are %+v, %v, want %+v", vars, err, want)
	}
	if vars, err := b.Table().Type(i).Variables(); vars != nil || err != nil {
		t.Errorf("variables of an int: %v, %v", vars, err)
	}
}

func TestHiddenFunctions(t *testing.T) {
	b := elftest.NewBTF(nil)
	proto := b.FuncProto(0)
	hidden, open, static := b.Func("hidden", proto, rawbtf.LinkGlobal), b.Func("open", proto, rawbtf.LinkGlobal), b.Func("static", proto, rawbtf.LinkStatic)
	fix := answers{}.fixUps()
	fix.HiddenFunc = func(name string) bool { return name != "open" }
	raw, _, err := b.Table().ForKernel(fix)
	if err != nil {
		t.Fatal(err)
	}
	table, err := rawbtf.Parse(raw, binary.LittleEndian)
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[rawbtf.ID]int{hidden: rawbtf.LinkStatic, open: rawbtf.LinkGlobal, static: rawbtf.LinkStatic} {
		if got := table.Type(id).Linkage(); got != want {
			t.Errorf("%s has linkage %d, want %d", table.Type(id).Name(), got, want)
		}
	}
}
