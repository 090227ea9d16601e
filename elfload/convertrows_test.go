package elfload

import (
	"strings"
	"testing"

	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

// member makes a member at that bit.
func member(name string, id elftest.ID, at, width uint32) elftest.Member {
	return elftest.Member{Name: name, Type: id, BitOffset: at, BitSize: width}
}

// typeRows are types that no C compiler writes, or no longer. want is the member of the
// definition and lines before it; without it the type is dropped with that reason.
var typeRows = []struct {
	name  string
	build func(b *elftest.BTF) elftest.ID
	size  uint32
	want  []string
	why   string
}{
	{"integers of Rust go by their size", func(b *elftest.BTF) elftest.ID { return b.Int("u32", 4, elftest.Unsigned) }, 4,
		[]string{"__type(value, unsigned int);"}, ""},
	{"bool of Rust", func(b *elftest.BTF) elftest.ID { return b.Int("bool", 1, elftest.Bool) }, 1, []string{"__type(value, _Bool);"}, ""},
	{"i8 of Rust", func(b *elftest.BTF) elftest.ID { return b.Int("i8", 1, elftest.Signed) }, 1, []string{"__type(value, signed char);"}, ""},
	{"a long of 4 bytes is none", func(b *elftest.BTF) elftest.ID { return b.Int("long", 4, elftest.Signed) }, 4, []string{"__type(value, int);"}, ""},
	{"an integer of 3 bytes", func(b *elftest.BTF) elftest.ID { return b.Int("u24", 3, 0) }, 3, nil, "has an integer of 3 bytes"},
	{"another size than the definition's", func(b *elftest.BTF) elftest.ID { return b.Int("int", 4, elftest.Signed) }, 8, nil, "has 4 bytes, not the 8 of the definition"},
	{"floats", func(b *elftest.BTF) elftest.ID { return b.Float("f64", 8) }, 8, []string{"__type(value, double);"}, ""},
	{"floats of 16 bytes", func(b *elftest.BTF) elftest.ID { return b.Float("f128", 16) }, 16, nil, "has a floating-point number of 16 bytes"},
	{"names that C does not have", func(b *elftest.BTF) elftest.ID {
		u := b.Int("u32", 4, 0)
		return b.Struct("core::Option<u32>", 12, member("0", u, 0, 0), member("int", u, 32, 0), member("int", u, 64, 0))
	}, 12, []string{"__type(value, struct core__Option_u32_);", "struct core__Option_u32_ {\n\tunsigned int _0;\n\tunsigned int int___2;\n\tunsigned int int___3;\n};\n"}, ""},
	{"structs of one name", func(b *elftest.BTF) elftest.ID {
		u := b.Int("int", 4, elftest.Signed)
		one := b.Struct("twin", 4, member("a", u, 0, 0))
		two := b.Struct("twin", 8, member("one", one, 0, 0), member("b", u, 32, 0))
		return two
	}, 8, []string{"struct twin___2 {\n\tstruct twin one;", "__type(value, struct twin___2);"}, ""},
	{"a struct inside itself", func(b *elftest.BTF) elftest.ID { return b.Struct("loop", 8, member("a", 1, 0, 0)) }, 8, nil, "contains itself"},
	{"a struct inside itself, nameless", func(b *elftest.BTF) elftest.ID { return b.Struct("", 8, member("a", 1, 0, 0)) }, 8, nil, "contains itself"},
	{"typedefs in a circle", func(b *elftest.BTF) elftest.ID {
		b.Typedef("a", 2)
		b.Typedef("b", 1)
		return b.Struct("s", 8, member("p", b.Ptr(1), 0, 0))
	}, 8, nil, ""},
	{"members that overlap", func(b *elftest.BTF) elftest.ID {
		u := b.Int("int", 4, elftest.Signed)
		return b.Struct("s", 8, member("a", u, 0, 0), member("b", u, 16, 0))
	}, 8, nil, "has a layout that C cannot say"},
	{"members that end behind the struct", func(b *elftest.BTF) elftest.ID {
		return b.Struct("s", 2, member("a", b.Int("int", 4, elftest.Signed), 0, 0))
	}, 2, nil, "has a layout that C cannot say"},
	{"a union whose members are not at its start", func(b *elftest.BTF) elftest.ID {
		return b.Union("s", 8, member("a", b.Int("int", 4, elftest.Signed), 32, 0))
	}, 8, nil, "has a layout that C cannot say"},
	{"a gap of 1 GiB", func(b *elftest.BTF) elftest.ID {
		u := b.Int("char", 1, elftest.Signed)
		return b.Struct("s", 1<<29+1, member("a", u, 0, 0), member("b", u, 0xfffffff8, 0))
	}, 1<<29 + 1, nil, "has a layout that C cannot say"},
	{"a nameless member that is no struct", func(b *elftest.BTF) elftest.ID {
		return b.Struct("s", 4, member("", b.Int("int", 4, elftest.Signed), 0, 0))
	}, 4, nil, "has a member without a name"},
	{"bit fields by the width of the INT", func(b *elftest.BTF) elftest.ID {
		three := b.Raw(b.String("unsigned int"), rawbtf.Int, false, 0, 4, 3)
		five := b.Raw(b.String("unsigned int"), rawbtf.Int, false, 0, 4, 3<<16|5)
		return b.Struct("s", 4, member("a", three, 0, 0), member("b", five, 0, 0))
	}, 4, []string{"\tunsigned int a:3;\n\tunsigned int b:5;\n"}, ""},
	{"enums of 8 bytes", func(b *elftest.BTF) elftest.ID {
		return b.Enum64("wide", 8, false, elftest.Enumerator{Name: "TOP", Value: 1 << 63})
	}, 8, []string{"enum wide { TOP = 9223372036854775808ULL } __attribute__((mode(DI)));"}, ""},
	{"negative enumerators without a sign", func(b *elftest.BTF) elftest.ID {
		return b.Enum("e", 4, false, elftest.Enumerator{Name: "BAD", Value: 0xffffffff}, elftest.Enumerator{Name: "HIGH", Value: 0x80000000})
	}, 4, []string{"enum e { BAD = -1, HIGH = 2147483648 };"}, ""},
	{"an enum without enumerators", func(b *elftest.BTF) elftest.ID { return b.Enum("e", 4, false) }, 4, nil, "is an enum without enumerators"},
	{"type tags", func(b *elftest.BTF) elftest.ID {
		return b.Struct("s", 8, member("p", b.Ptr(b.TypeTag("kptr", b.Fwd("task", false))), 0, 0))
	}, 8, []string{"struct task;\n", `struct task __attribute__((btf_type_tag("kptr"))) *p;`}, ""},
	{"pointers to unions that are only declared", func(b *elftest.BTF) elftest.ID { return b.Ptr(b.Const(b.Fwd("u", true))) }, 8,
		[]string{"union u;\n", "__type(value, const union u *);"}, ""},
	{"void has no size", func(b *elftest.BTF) elftest.ID { return b.Const(0) }, 8, nil, "type has no size"},
}

func TestConvertTypeRows(t *testing.T) {
	for _, row := range typeRows {
		t.Run(row.name, func(t *testing.T) {
			b := elftest.NewBTF(nil)
			id := row.build(b)
			c := newCTypes(b.Table())
			c.needed(id, row.size)
			member := c.member("value", id, row.size)
			text := c.out.String() + member
			for _, want := range row.want {
				if !strings.Contains(text, want) {
					t.Errorf("prints\n%s\nwithout %q", text, want)
				}
			}
			if row.want != nil {
				return
			}
			why := strings.Join(c.dropped(&MapDef{ValueType: id, ValueSize: row.size}), "")
			if member != "" || !strings.Contains(why, row.why) || why == "" {
				t.Errorf("prints\n%s\nand says %q instead of %q", text, why, row.why)
			}
		})
	}
}

// A file of a few hundred bytes must not become a text without end.
func TestConvertTypesAreBounded(t *testing.T) {
	for _, row := range []struct {
		name  string
		build func(b *elftest.BTF) elftest.ID
	}{
		{"nameless structs doubled", func(b *elftest.BTF) elftest.ID {
			id := b.Struct("", 0)
			for range 40 {
				id = b.Struct("", 0, member("a", id, 0, 0), member("b", id, 0, 0))
			}
			return id
		}},
		{"pointers in a circle", func(b *elftest.BTF) elftest.ID { return b.Ptr(1) }},
		{"functions that take themselves", func(b *elftest.BTF) elftest.ID {
			id := b.FuncProto(0, elftest.Param{Type: 2}, elftest.Param{Type: 2})
			return b.Ptr(id)
		}},
		{"arrays without end", func(b *elftest.BTF) elftest.ID { return b.Array(1, 1, 1) }},
	} {
		t.Run(row.name, func(t *testing.T) {
			b := elftest.NewBTF(nil)
			id := row.build(b)
			table := b.Table()
			size, _ := table.Sizeof(id)
			c := newCTypes(table)
			c.needed(id, size)
			if n := c.out.Len() + len(c.member("value", id, size)); n > 2*maxTypeText {
				t.Errorf("prints %d bytes", n)
			}
			if c.steps > 2*maxTypeSteps {
				t.Errorf("takes %d steps", c.steps)
			}
		})
	}
}

func TestConvertNames(t *testing.T) {
	n := newCNames()
	for _, row := range []struct{ want, got string }{
		{"plain", "plain"}, {"plain", "plain___2"}, {"plain", "plain___3"}, {"plain___2", "plain___2___2"},
		{"int", "int___2"}, {"SEC", "SEC___2"}, {"", "_"}, {"9lives", "_9lives"}, {"a.b-c", "a_b_c"}, {"a*/b", "a__b"}, {"é", "__"},
		{"bool", "bool"}, {"BPF_MAP_TYPE_HASH", "BPF_MAP_TYPE_HASH___2"}, {"BPF_F_LOCK", "BPF_F_LOCK___2"}, {"BPF_F", "BPF_F"},
	} {
		if got := n.take(row.want); got != row.got {
			t.Errorf("%q becomes %q, want %q", row.want, got, row.got)
		}
	}
}

// Enumerators keep names that are macros otherwise, and stand for them.
func TestConvertConstants(t *testing.T) {
	n := newCNames()
	if got := n.constant("BPF_F_RDONLY", 8); got != "BPF_F_RDONLY" {
		t.Errorf("enumerator becomes %q", got)
	}
	if got := n.constant("BPF_F_RDONLY", 8); got != "BPF_F_RDONLY___2" {
		t.Errorf("second one becomes %q", got)
	}
	n.constant("BPF_F_NO_PREALLOC", 77)
	if got := n.mapFlagMacros(8 | 4 | 1); got != "1 | BPF_F_NUMA_NODE | BPF_F_RDONLY" {
		t.Errorf("flags are %q", got)
	}
}

func TestConvertQuoting(t *testing.T) {
	if got := comment("a */ b /* c", "d\ne\x1b"); got != "/* a * / b / * c\n * d\\ne\\x1b */\n" {
		t.Errorf("comment is %q", got)
	}
	if got := comment("*/*/ //*"); strings.Count(got, "*/") != 1 || strings.Count(got, "/*") != 1 {
		t.Errorf("comment is %q", got)
	}
	if got := cString("a\"b\\c?\n\xff"); got != `"a\042b\134c\077\012\377"` {
		t.Errorf("string is %s", got)
	}
}
