package rawbtf_test

import (
	"encoding/binary"
	"testing"

	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

// What CO-RE takes for the same type when a kernel's function or variable is
// compared with its declaration.
func TestCompatible(t *testing.T) {
	type maker = func(*elftest.BTF) elftest.ID
	num := func(size, encoding uint32) maker {
		return func(b *elftest.BTF) elftest.ID { return b.Int("n", size, encoding) }
	}
	structure := func(name string) maker {
		return func(b *elftest.BTF) elftest.ID { return b.Struct(name, 4) }
	}
	ptr := func(to maker) maker { return func(b *elftest.BTF) elftest.ID { return b.Ptr(to(b)) } }
	array := func(of maker, n uint32) maker {
		return func(b *elftest.BTF) elftest.ID { return b.Array(of(b), b.Int("i", 4, 0), n) }
	}
	void := func(*elftest.BTF) elftest.ID { return 0 }
	proto := func(result maker, params ...maker) maker {
		return func(b *elftest.BTF) elftest.ID {
			r := result(b)
			var list []elftest.Param
			for _, p := range params {
				list = append(list, elftest.Param{Name: "p", Type: p(b)})
			}
			return b.FuncProto(r, list...)
		}
	}
	forward := func(union bool) maker { return func(b *elftest.BTF) elftest.ID { return b.Fwd("s", union) } }
	enum := func(b *elftest.BTF) elftest.ID { return b.Enum("e", 4, false) }
	enum64 := func(b *elftest.BTF) elftest.ID { return b.Enum64("f", 8, false) }
	bitfield := func(b *elftest.BTF) elftest.ID { return b.Raw(b.String("n"), rawbtf.Int, false, 0, 4, 4<<16|3) }
	loop := func(b *elftest.BTF) elftest.ID { return b.Ptr(b.Next()) }
	typedef := func(to maker) maker { return func(b *elftest.BTF) elftest.ID { return b.Typedef("t", b.Const(to(b))) } }
	for _, row := range []struct {
		name string
		a, b maker
		want bool
	}{
		{"integers of any size and sign", num(4, elftest.Signed), num(8, elftest.Unsigned), true},
		{"an integer that is a bit field", num(4, 0), bitfield, false},
		{"structs of any name", structure("a"), structure("b"), true},
		{"a struct and an integer", structure("a"), num(4, 0), false},
		{"enums of any width", enum, enum64, true},
		{"an enum and an integer", enum, num(4, 0), false},
		{"pointers to structs", ptr(structure("a")), ptr(structure("b")), true},
		{"a struct and its declaration", ptr(structure("a")), ptr(forward(false)), true},
		{"a declaration and a struct", ptr(forward(false)), ptr(structure("a")), true},
		{"a union's declaration and a struct", ptr(forward(true)), ptr(structure("a")), false},
		{"declarations of two kinds", ptr(forward(true)), ptr(forward(false)), true},
		{"pointers to different kinds", ptr(structure("a")), ptr(num(4, 0)), false},
		{"pointers to void", ptr(void), ptr(void), true},
		{"a pointer to void and one to a struct", ptr(void), ptr(structure("a")), false},
		{"names and qualifiers inside", ptr(typedef(num(4, 0))), ptr(num(4, 0)), true},
		{"a name at the top", typedef(num(4, 0)), num(4, 0), false},
		{"arrays of any length", array(num(4, 0), 3), array(num(8, 0), 5), true},
		{"arrays of different kinds", array(num(4, 0), 3), array(ptr(void), 3), false},
		{"prototypes", proto(num(4, 0), ptr(structure("a")), num(8, 0)), proto(num(8, 0), ptr(structure("b")), num(4, 0)), true},
		{"prototypes of different length", proto(void, num(4, 0)), proto(void), false},
		{"prototypes of different parameters", proto(void, num(4, 0)), proto(void, ptr(void)), false},
		{"prototypes of different results", proto(void), proto(num(4, 0)), false},
		{"prototypes in prototypes", proto(void, ptr(proto(num(4, 0)))), proto(void, ptr(proto(num(4, 0)))), true},
		{"floats, which CO-RE does not know", func(b *elftest.BTF) elftest.ID { return b.Float("f", 4) },
			func(b *elftest.BTF) elftest.ID { return b.Float("f", 4) }, false},
		{"pointers without end", loop, loop, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			x, y := elftest.NewBTF(nil), elftest.NewBTF(nil)
			a, b := row.a(x), row.b(y)
			if got := x.Table().Compatible(a, y.Table(), b); got != row.want {
				t.Errorf("compatible: %t", got)
			}
			if got := y.Table().Compatible(b, x.Table(), a); got != row.want {
				t.Errorf("the other way: %t", got)
			}
		})
	}
}

// A prototype with many parameters that are prototypes with many parameters…
// ends in time.
func TestCompatibleIsBounded(t *testing.T) {
	b := elftest.NewBTF(nil)
	id := b.FuncProto(0)
	for range 20 {
		p := elftest.Param{Name: "p", Type: id}
		id = b.FuncProto(0, p, p, p, p)
	}
	if b.Table().Compatible(id, b.Table(), id) {
		t.Error("4^20 parameters have been compared")
	}
}

// Types of a module are compared across its base.
func TestCompatibleSplit(t *testing.T) {
	base := elftest.NewBTF(nil)
	s := base.Struct("shared", 4)
	module := base.Split()
	module.Func("of_module", module.FuncProto(0, elftest.Param{Name: "s", Type: module.Ptr(s)}), rawbtf.LinkGlobal)
	vmlinux := base.Table()
	table, err := rawbtf.ParseSplit(module.Bytes(), binary.LittleEndian, vmlinux)
	if err != nil {
		t.Fatal(err)
	}
	f, ok := table.Find(rawbtf.Func, "of_module")
	if !ok || table.CName(s) != "struct shared" {
		t.Fatalf("function %t, base type %q", ok, table.CName(s))
	}
	own := elftest.NewBTF(nil)
	ptr, num := own.Ptr(own.Struct("other", 8)), own.Ptr(own.Int("int", 4, 0))
	good, bad := own.FuncProto(0, elftest.Param{Type: ptr}), own.FuncProto(0, elftest.Param{Type: num})
	if tab := own.Table(); !tab.Compatible(good, table, f.Ref()) || tab.Compatible(bad, table, f.Ref()) {
		t.Error("parameters of the module's function are not compared")
	}
}
