package rawbtf_test

import (
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

// TestParseRefuses breaks one thing of a good section per row.
func TestParseRefuses(t *testing.T) {
	for _, row := range []struct {
		name  string
		spoil func(raw []byte, order binary.ByteOrder) []byte
		want  string
	}{
		{"empty", func([]byte, binary.ByteOrder) []byte { return nil }, "header needs 24 bytes, the section has 0"},
		{"short header", func(raw []byte, _ binary.ByteOrder) []byte { return raw[:23] }, "header needs 24 bytes"},
		{"magic", func(raw []byte, _ binary.ByteOrder) []byte { raw[0] ^= 1; return raw }, "magic is"},
		{"other byte order", func(raw []byte, _ binary.ByteOrder) []byte { raw[0], raw[1] = raw[1], raw[0]; return raw }, "byte order is not that of the file"},
		{"version", func(raw []byte, _ binary.ByteOrder) []byte { raw[2] = 2; return raw }, "version 2 is not known"},
		{"header length small", put(4, 20), "header length 20"},
		{"header length large", put(4, 0xffffffff), "header length 4294967295 is outside the section"},
		{"types outside", put(8, 0xfffffffc), "type section of"},
		{"types too long", put(12, 0xffffffff), "type section of 4294967295 bytes"},
		{"types misaligned", put(8, 2), "is not a multiple of 4"},
		{"strings outside", put(16, 0xffffffff), "string section of"},
		{"strings too long", put(20, 0xffffffff), "string section of 4294967295 bytes"},
		{"no strings", put(20, 0), "string section does not begin and end with NUL"},
		{"strings without end", func(raw []byte, _ binary.ByteOrder) []byte { raw[len(raw)-1] = 'x'; return raw }, "does not begin and end with NUL"},
		{"record cut off", put(12, 8), "type 1 at 0x0 is cut off"},
		{"members cut off", put(24+16+4, uint32(rawbtf.Struct)<<24|0xffff), "type 2 (struct) at 0x10 is cut off"},
		{"kind 0", put(24+4, 0), "type 1 at 0x0 has unknown kind 0"},
		{"kind 31", put(24+4, 31<<24), "type 1 at 0x0 has unknown kind 31"},
		{"name outside", put(24, 0xffff), "name at 0xffff is outside the strings"},
	} {
		t.Run(row.name, func(t *testing.T) {
			for _, order := range elftest.Orders() {
				b := elftest.NewBTF(order)
				b.Int("int", 4, elftest.Signed)
				b.Struct("s", 4, elftest.Member{Name: "m", Type: 1})
				table, err := rawbtf.Parse(row.spoil(b.Bytes(), order), order)
				if table != nil || err == nil || !strings.Contains(err.Error(), row.want) {
					t.Errorf("%s: result is %v, %v, want the error %q", order, table, err, row.want)
				}
			}
		})
	}
}

// put writes a word.
func put(off int, v uint32) func([]byte, binary.ByteOrder) []byte {
	return func(raw []byte, order binary.ByteOrder) []byte {
		order.PutUint32(raw[off:], v)
		return raw
	}
}

func TestTypes(t *testing.T) {
	for _, order := range elftest.Orders() {
		b := elftest.NewBTF(order)
		i := b.Int("int", 4, elftest.Signed)
		s := b.Struct("s", 8, elftest.Member{Name: "a", Type: i}, elftest.Member{Name: "b", Type: i, BitOffset: 32, BitSize: 3})
		e := b.Enum("e", 4, true, elftest.Enumerator{Name: "N", Value: 0xfffffffe})
		e64 := b.Enum64("e64", 8, false, elftest.Enumerator{Name: "B", Value: 1<<40 | 5})
		a := b.Array(s, i, 3)
		p := b.FuncProto(i, elftest.Param{Name: "x", Type: s})
		f := b.Func("f", p, rawbtf.LinkExtern)
		v := b.Var("v", a, rawbtf.LinkGlobal)
		d := b.Datasec(".d", 7, elftest.SecInfo{Var: v, Offset: 1, Size: 24})
		g := b.DeclTag("tag", s, 1)
		table := b.Table()

		if in := table.Type(i).Int(); in != (rawbtf.IntInfo{Encoding: rawbtf.IntSigned, Bits: 32}) {
			t.Errorf("int is %+v", in)
		}
		if m := table.Type(s).Member(1); m.Name() != "b" || m.BitOffset != 32 || m.BitSize != 3 || m.Type != i {
			t.Errorf("member is %+v", m)
		}
		if en := table.Type(e).Enumerator(0); en != (rawbtf.Enumerator{Name: "N", Value: 1<<64 - 2, Signed: true}) {
			t.Errorf("enumerator is %+v", en)
		}
		if en := table.Type(e64).Enumerator(0); en != (rawbtf.Enumerator{Name: "B", Value: 1<<40 | 5}) {
			t.Errorf("enumerator is %+v", en)
		}
		if in := table.Type(a).Array(); in != (rawbtf.ArrayInfo{Elem: s, Index: i, Nelems: 3}) {
			t.Errorf("array is %+v", in)
		}
		if ty := table.Type(p); ty.Param(0) != (rawbtf.Param{Name: "x", Type: s}) || ty.Ref() != i {
			t.Errorf("parameter is %+v", ty.Param(0))
		}
		if ty := table.Type(f); ty.Linkage() != rawbtf.LinkExtern || ty.Ref() != p {
			t.Errorf("function is %+v", ty)
		}
		if ty := table.Type(d); ty.SecInfo(0) != (rawbtf.SecInfo{Var: v, Offset: 1, Size: 24}) || ty.Size() != 7 {
			t.Errorf("section is %+v", ty)
		}
		if ty := table.Type(g); ty.Component() != 1 || table.Type(i).Component() != -1 {
			t.Errorf("tag is %+v", ty)
		}
		if ty, ok := table.Find(rawbtf.Struct, "s"); !ok || ty.ID != s {
			t.Errorf("Find gives %+v", ty)
		}
		if ty, ok := table.FindAny(".d"); !ok || ty.ID != d || table.Len() != int(g)+1 {
			t.Errorf("FindAny gives %+v", ty)
		}
		if _, ok := table.Find(rawbtf.Union, "s"); ok {
			t.Error("Find mistakes a struct for a union")
		}
	}
}

// TestOutOfRange: nothing panics on ids and indices that are not there.
func TestOutOfRange(t *testing.T) {
	b := elftest.NewBTF(nil)
	b.Struct("s", 4)
	table := b.Table()
	for _, id := range []rawbtf.ID{0, 1, 2, 0xffffffff} {
		ty := table.Type(id)
		if ty.Member(0).Name() != "" || ty.Enumerator(-1).Name != "" || ty.Param(7).Name != "" || ty.SecInfo(0) != (rawbtf.SecInfo{}) {
			t.Errorf("type %d has parts", id)
		}
		if _, err := table.Sizeof(id); (err == nil) != (id == 1) {
			t.Errorf("size of type %d: %v", id, err)
		}
		if table.Valid(id) != (id < 2) || ty.ID != id || ty.NameIs("s") != (id == 1) || table.Type(0).NameIs("x") {
			t.Errorf("type %d is %+v", id, ty)
		}
	}
	if _, ok := table.String(0xffffffff); ok {
		t.Error("string outside of the section")
	}
}

func TestStrip(t *testing.T) {
	b := elftest.NewBTF(nil)
	i := b.Int("int", 4, elftest.Signed)
	td := b.Typedef("t", b.Const(i))
	all := b.Volatile(b.Restrict(b.TypeTag("user", td)))
	cycle := b.Const(b.Next() + 1)
	b.Typedef("u", cycle)
	table := b.Table()
	if ty, err := table.Strip(all); err != nil || ty.ID != i {
		t.Errorf("Strip gives %d, %v", ty.ID, err)
	}
	if ty, err := table.StripMods(all); err != nil || ty.ID != td {
		t.Errorf("StripMods gives %d, %v", ty.ID, err)
	}
	if ty, err := table.Strip(cycle); !errors.Is(err, rawbtf.ErrCycle) || ty.Kind != rawbtf.Void {
		t.Errorf("Strip of a cycle gives %+v, %v", ty, err)
	}
}

func TestSizeof(t *testing.T) {
	b := elftest.NewBTF(nil)
	i, c := b.Int("int", 4, elftest.Signed), b.Int("char", 1, elftest.Signed)
	pair := b.Array(i, i, 1<<29)
	for _, row := range []struct {
		name string
		id   rawbtf.ID
		want uint32
		err  error
	}{
		{"int", i, 4, nil},
		{"pointer", b.Ptr(0), 8, nil},
		{"struct", b.Struct("s", 12), 12, nil},
		{"typedef const array", b.Typedef("t", b.Const(b.Array(b.Array(c, i, 5), i, 3))), 15, nil},
		{"array of nothing", b.Array(i, i, 0), 0, nil},
		{"variable", b.Var("v", i, rawbtf.LinkGlobal), 4, nil},
		{"float", b.Float("double", 8), 8, nil},
		{"4 GiB - 1", b.Array(c, i, 0xffffffff), 0xffffffff, nil},
		{"4 GiB", b.Array(i, i, 1<<30), 0, rawbtf.ErrTooBig},
		{"2^64 and more", b.Array(b.Array(b.Array(pair, i, 0xffffffff), i, 0xffffffff), i, 0xffffffff), 0, rawbtf.ErrTooBig},
		{"void", 0, 0, rawbtf.ErrNoSize},
		{"forward", b.Fwd("f", false), 0, rawbtf.ErrNoSize},
		{"function", b.FuncProto(0), 0, rawbtf.ErrNoSize},
		{"array of itself", b.Array(b.Next(), i, 1), 0, rawbtf.ErrCycle},
	} {
		if got, err := b.Table().Sizeof(row.id); got != row.want || !errors.Is(err, row.err) {
			t.Errorf("R60 %s: size is %d, %v, want %d, %v", row.name, got, err, row.want, row.err)
		}
	}
}

func TestCName(t *testing.T) {
	b := elftest.NewBTF(nil)
	i := b.Int("int", 4, elftest.Signed)
	s := b.Struct("s", 4)
	cycle := b.Ptr(b.Next())
	rows := []struct {
		id   rawbtf.ID
		want string
	}{
		{0, "void"}, {i, "int"}, {s, "struct s"}, {b.Struct("", 0), "struct {…}"}, {b.Union("", 0), "union {…}"},
		{b.Enum("e", 4, false), "enum e"}, {b.Enum64("", 8, false), "enum {…}"},
		{b.Fwd("f", false), "struct f"}, {b.Fwd("u", true), "union u"},
		{b.Ptr(0), "void *"}, {b.Ptr(b.Ptr(i)), "int **"}, {b.Const(b.Ptr(b.Const(i))), "const int * const"},
		{b.Array(b.Array(i, i, 4), i, 3), "int[3][4]"}, {b.Typedef("t", s), "t"}, {b.Volatile(s), "volatile struct s"},
		{b.TypeTag("user", i), "int"}, {b.Var("v", s, 0), "struct s"}, {b.FuncProto(0), "function"},
		{b.Float("double", 8), "double"}, {0xffff, "void"},
	}
	none, some := b.FuncProto(0), b.FuncProto(i, elftest.Param{Name: "s", Type: b.Ptr(s)}, elftest.Param{Name: "n", Type: i})
	variadic := b.FuncProto(i, elftest.Param{Name: "n", Type: i}, elftest.Param{})
	many := b.FuncProto(0, slices.Repeat([]elftest.Param{{Name: "n", Type: i}}, 13)...)
	table := b.Table()
	for _, row := range rows {
		if got := table.CName(row.id); got != row.want {
			t.Errorf("type %d is named %q, want %q", row.id, got, row.want)
		}
	}
	for id, want := range map[rawbtf.ID]string{
		none: "void (void)", some: "int (struct s *, int)", variadic: "int (int, ...)", many: "void (int" + strings.Repeat(", int", 11) + ", …)", i: "int",
	} {
		if got := table.Prototype(id); got != want {
			t.Errorf("type %d is written %q, want %q", id, got, want)
		}
	}
	if got := table.CName(cycle); !strings.HasPrefix(got, "…") {
		t.Errorf("a cycle is named %q", got)
	}
}

func TestLongNames(t *testing.T) {
	b := elftest.NewBTF(nil)
	b.Struct(strings.Repeat("x", 0xffff), 0)
	b.Union(strings.Repeat("y", 0x10000), 0)
	if n := len(b.Table().Type(1).Name()); n != 0xffff {
		t.Errorf("name of 65535 bytes has %d", n)
	}
	if got := b.Table().Type(2).Name(); got != "" {
		t.Errorf("name of 65536 bytes is %.10q…, want none", got)
	}
}

func TestKindString(t *testing.T) {
	if got := rawbtf.Enum64.String() + rawbtf.Kind(31).String(); got != "enum64kind 31" {
		t.Errorf("kinds are named %q", got)
	}
}
