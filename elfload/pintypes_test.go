package elfload

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/kerneltest"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

// valueObject is an object with one hash whose value is what build makes.
func valueObject(t *testing.T, build func(*elftest.BTF) elftest.ID) *Object {
	t.Helper()
	m := elftest.NewMaps(nil)
	m.Map("table", m.Uint("type", 1), m.Type("key", m.Int32), m.Type("value", build(m.BTF)), m.Uint("max_entries", 4))
	obj, err := Read(m.Object().Bytes(), ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return obj
}

// pairOf is a struct of two members of four bytes each.
func pairOf(first, second string) func(*elftest.BTF) elftest.ID {
	return func(b *elftest.BTF) elftest.ID {
		u32 := b.Int("u32", 4, 0)
		return b.Struct("pair", 8, elftest.Member{Name: first, Type: u32}, elftest.Member{Name: second, Type: u32, BitOffset: 32})
	}
}

func TestFieldsOfATypeAreCompared(t *testing.T) {
	one := func(b *elftest.BTF) elftest.ID {
		return b.Struct("pair", 8, elftest.Member{Name: "a", Type: b.Int("u64", 8, 0)})
	}
	nested := func(field string) func(*elftest.BTF) elftest.ID {
		return func(b *elftest.BTF) elftest.ID {
			inner := pairOf("x", field)(b)
			return b.Struct("outer", 16, elftest.Member{Name: "list", Type: b.Array(inner, b.Int("i", 4, 0), 2)})
		}
	}
	for _, tc := range []struct {
		name      string
		have, new func(*elftest.BTF) elftest.ID
		want      []string
	}{
		{"the same", pairOf("a", "b"), pairOf("a", "b"), nil},
		{"a name", pairOf("a", "b"), pairOf("a", "c"), []string{`value field "c" missing instead of 4 bytes at 4`, `value field "b" 4 bytes at 4 instead of none`}},
		{"swapped", pairOf("a", "b"), pairOf("b", "a"), []string{`value field "b" 4 bytes at 4 instead of 4 bytes at 0`, `value field "a" 4 bytes at 0 instead of 4 bytes at 4`}},
		{"a size", pairOf("a", "b"), one, []string{`value field "a" 4 bytes at 0 instead of 8 bytes at 0`, `value field "b" 4 bytes at 4 instead of none`}},
		{"in an array of structs", nested("y"), nested("z"), []string{`value field "list[].z" missing instead of 4 bytes at 4`, `value field "list[].y" 4 bytes at 4 instead of none`}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var fields [2][]typeField
			for i, build := range []func(*elftest.BTF) elftest.ID{tc.have, tc.new} {
				b := elftest.NewBTF(nil)
				id := build(b)
				table, err := rawbtf.Parse(b.Bytes(), hostOrder)
				if err != nil {
					t.Fatal(err)
				}
				fields[i] = fieldsOf(table, id)
			}
			var got []string
			for _, d := range fieldDifferences("value", fields[0], fields[1]) {
				got = append(got, d.String())
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("%q, want %q", got, tc.want)
			}
		})
	}
}

// Same sizes and other fields: the pin is refused, and the error names them.
func TestPinnedMapOfOtherFieldsIsRefused(t *testing.T) {
	kerneltest.Require(t)
	dir := filepath.Join(kerneltest.BPFFS(t), "fields")
	load := func(build func(*elftest.BTF) elftest.ID) error {
		plan, err := valueObject(t, build).Plan(Options{PinPath: dir})
		if err != nil {
			t.Fatal(err)
		}
		c, err := plan.Load(context.Background())
		if err != nil {
			return err
		}
		return c.Close()
	}
	for _, build := range []func(*elftest.BTF) elftest.ID{pairOf("a", "b"), pairOf("a", "b")} {
		if err := load(build); err != nil {
			t.Fatal(err)
		}
	}
	err := load(pairOf("a", "c"))
	if !errors.Is(err, ErrIncompatiblePin) || !strings.Contains(err.Error(), `value field "b"`) || !strings.Contains(err.Error(), `value field "c"`) {
		t.Errorf("%v", err)
	}
}

// Without CAP_SYS_ADMIN the kernel shows no types: told, and the map is used.
func TestTypesThatTheKernelDoesNotShow(t *testing.T) {
	r := newRecorder()
	plan := pinPlan(t, "order.o", Options{})
	for range 2 {
		r.refuse = func(call string, _ any) syscall.Errno {
			if call == "btf_bytes" {
				return syscall.EPERM
			}
			return 0
		}
		c, err := plan.load(context.Background(), r)
		if err != nil {
			t.Fatal(err)
		}
		told := slices.ContainsFunc(c.Warnings, func(w Warning) bool { return w.Code == "pin_types_unknown" && w.Map == "a" })
		if told != c.Data("a").Reused {
			t.Errorf("reused %v, warnings %v", c.Data("a").Reused, c.Warnings)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		for fd, info := range r.objs {
			info.BTFID = 1
			r.objs[fd] = info
		}
	}
}
