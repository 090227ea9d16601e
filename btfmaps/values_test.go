package btfmaps_test

import (
	"encoding/binary"
	"testing"

	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/mapdef"
)

// valuesRows has R68 to R75: the members of a map "outer" and what follows.
var valuesRows = []struct {
	name    string
	members func(m *elftest.Maps) fields
	want    params
	inner   *params // nil: no inner definition
	offset  uint64  // of values in the definition, 0: none
	code    string
	text    string
}{
	{name: "R68 nested", code: "nested_values", text: `inner definition: member "values"`, members: func(m *elftest.Maps) fields {
		inner := m.Def("", m.Uint("type", arrayOfMaps), m.Values(m.Def("", m.Uint("type", hash)), 0))
		return fields{m.Uint("type", arrayOfMaps), m.Values(inner, 0)}
	}},
	{name: "R69 not last", code: "values_not_last", text: `member "values" is not the last one`, members: func(m *elftest.Maps) fields {
		return fields{m.Uint("type", arrayOfMaps), m.Values(m.Def("", m.Uint("type", hash)), 0), m.Uint("max_entries", 1)}
	}},
	{name: "R70 hash", code: "values_type", text: "type 1", members: func(m *elftest.Maps) fields {
		return fields{m.Uint("type", hash), m.Values(m.Def("", m.Uint("type", hash)), 0)}
	}},
	{name: "R70 no type", code: "values_type", text: "type 0", members: func(m *elftest.Maps) fields {
		return fields{m.Values(m.Def("", m.Uint("type", hash)), 0)}
	}},
	{name: "R69 comes before R70", code: "values_not_last", text: "last", members: func(m *elftest.Maps) fields {
		return fields{m.Uint("max_entries", 1), m.Values(m.Def("", m.Uint("type", hash)), 0), m.Uint("type", arrayOfMaps)}
	}},
	{name: "R71 value int", want: params{Type: arrayOfMaps, Key: 4, Value: 4, Max: 2}, inner: &params{Type: hash, Key: 4, Value: 4, Max: 1}, offset: 32,
		members: func(m *elftest.Maps) fields {
			inner := m.Def("inner", m.Uint("type", hash), m.Type("key", m.Int32), m.Type("value", m.Int32), m.Uint("max_entries", 1))
			return fields{m.Uint("type", arrayOfMaps), m.Type("key", m.Int32), m.Type("value", m.Int32), m.Uint("max_entries", 2), m.Values(inner, 2)}
		}},
	{name: "R71 value long", code: "size_conflict", text: "needs a value size of 4, but an earlier member said 8", members: func(m *elftest.Maps) fields {
		return fields{m.Uint("type", arrayOfMaps), m.Type("value", m.Int("long", 8, elftest.Signed)), m.Values(m.Def("", m.Uint("type", hash)), 0)}
	}},
	{name: "R72 sized array", code: "bad_member", text: "struct inner *[2], not an array without size", members: func(m *elftest.Maps) fields {
		p := m.Ptr(m.Def("inner", m.Uint("type", hash)))
		return fields{m.Uint("type", arrayOfMaps), m.Raw("values", m.Array(p, m.Index, 2), 16)}
	}},
	{name: "R72 typedef of the array", code: "bad_member", text: "va, not an array", members: func(m *elftest.Maps) fields {
		p := m.Ptr(m.Def("inner", m.Uint("type", hash)))
		return fields{m.Uint("type", arrayOfMaps), m.Raw("values", m.Typedef("va", m.Array(p, m.Index, 0)), 0)}
	}},
	{name: "R73 const element pointer", want: params{Type: hashOfMaps, Value: 4}, inner: &params{Type: array}, offset: 8, members: func(m *elftest.Maps) fields {
		p := m.Const(m.Typedef("ptr", m.Ptr(m.Def("inner", m.Uint("type", array)))))
		return fields{m.Uint("type", hashOfMaps), m.Raw("values", m.Array(p, m.Index, 0), 0)}
	}},
	{name: "R73 typedef const inner struct", want: params{Type: arrayOfMaps, Value: 4}, inner: &params{Type: array}, offset: 8, members: func(m *elftest.Maps) fields {
		return fields{m.Uint("type", arrayOfMaps), m.Values(m.Typedef("t", m.Const(m.Def("", m.Uint("type", array)))), 0)}
	}},
	{name: "R73 elements are no pointers", code: "bad_member", text: "elements of type int, not pointers", members: func(m *elftest.Maps) fields {
		return fields{m.Uint("type", arrayOfMaps), m.Raw("values", m.Array(m.Int32, m.Index, 0), 0)}
	}},
	{name: "R73 union", code: "bad_member", text: "points to union u, not to a map definition", members: func(m *elftest.Maps) fields {
		return fields{m.Uint("type", arrayOfMaps), m.Values(m.Union("u", 0), 0)}
	}},
	{name: "R73 int", code: "bad_member", text: "points to int", members: func(m *elftest.Maps) fields {
		return fields{m.Uint("type", arrayOfMaps), m.Values(m.Int32, 0)}
	}},
	{name: "R73 function in a map of maps", code: "bad_member", text: "not to a map definition", members: func(m *elftest.Maps) fields {
		return fields{m.Uint("type", arrayOfMaps), m.Values(m.FuncProto(m.Int32), 0)}
	}},
	{name: "R73 function", want: params{Type: progArray, Key: 4, Value: 4, Max: 3}, offset: 24, members: func(m *elftest.Maps) fields {
		return fields{m.Uint("type", progArray), m.Uint("key_size", 4), m.Uint("max_entries", 3), m.Values(m.FuncProto(m.Int32), 1)}
	}},
	{name: "R73 typedef'd function", want: params{Type: progArray, Value: 4}, offset: 8, members: func(m *elftest.Maps) fields {
		return fields{m.Uint("type", progArray), m.Values(m.Typedef("fn", m.FuncProto(m.Int32)), 0)}
	}},
	{name: "R73 struct in a program array", code: "bad_member", text: "not to a function", members: func(m *elftest.Maps) fields {
		return fields{m.Uint("type", progArray), m.Values(m.Def("s", m.Uint("type", hash)), 0)}
	}},
	{name: "R74 inner without type", code: "no_type", text: "inner definition: definition has no type", members: func(m *elftest.Maps) fields {
		return fields{m.Uint("type", arrayOfMaps), m.Values(m.Def("", m.Uint("max_entries", 1)), 0)}
	}},
	{name: "R74 inner with unknown member", code: "unknown_member", text: `inner definition: member "nope"`, members: func(m *elftest.Maps) fields {
		return fields{m.Uint("type", arrayOfMaps), m.Values(m.Def("", m.Uint("type", hash), m.Uint("nope", 1)), 0)}
	}},
	{name: "R64 inner pinning, even 0", code: "inner_pinning", text: `inner definition: member "pinning" is not allowed`, members: func(m *elftest.Maps) fields {
		return fields{m.Uint("type", arrayOfMaps), m.Values(m.Def("", m.Uint("type", hash), m.Uint("pinning", 0)), 0)}
	}},
	{name: "D3 inner truncated enum", code: "truncated_enum", text: "64 bits", members: func(m *elftest.Maps) fields {
		e := m.Enum("", 8, false, elftest.Enumerator{Name: "x"})
		return fields{m.Uint("type", arrayOfMaps), m.Values(m.Def("", m.Uint("type", hash), m.Raw("map_extra", e, 8)), 0)}
	}},
	{name: "C45 inner perf event array", want: params{Type: arrayOfMaps, Value: 4}, inner: &params{Type: perfArray, Key: 4, Value: 4}, offset: 8,
		members: func(m *elftest.Maps) fields {
			return fields{m.Uint("type", arrayOfMaps), m.Values(m.Def("", m.Uint("type", perfArray), m.Uint("value_size", 64)), 0)}
		}},
	{name: "C44 inner ring buffer", want: params{Type: arrayOfMaps, Value: 4}, inner: &params{Type: ringbuf, Max: 4096}, offset: 8,
		members: func(m *elftest.Maps) fields {
			inner := m.Def("", m.Uint("type", ringbuf), m.Type("value", m.Int32), m.Uint("max_entries", 4096))
			return fields{m.Uint("type", arrayOfMaps), m.Values(inner, 0)}
		}},
	{name: "R75 D7 no values is the caller's to refuse", want: params{Type: arrayOfMaps, Key: 4, Value: 4, Max: 1}, members: func(m *elftest.Maps) fields {
		return fields{m.Uint("type", arrayOfMaps), m.Uint("key_size", 4), m.Uint("value_size", 4), m.Uint("max_entries", 1)}
	}},
}

func TestValues(t *testing.T) {
	for _, row := range valuesRows {
		t.Run(row.name, func(t *testing.T) {
			eachOrder(t, func(t *testing.T, order binary.ByteOrder) {
				m := elftest.NewMaps(order)
				m.Map("pad", m.Uint("type", hash))
				m.Map("outer", row.members(m)...)
				if row.code != "" {
					fails(t, m, row.code, row.text)
					return
				}
				defs, _ := parse(t, m)
				d := &defs[1]
				if got := paramsOf(d); got != row.want {
					t.Errorf("definition is %+v, want %+v", got, row.want)
				}
				if want := (mapdef.Offset{Bytes: 8 + row.offset, Known: true}); row.offset != 0 && d.Values != want || row.offset == 0 && d.Values.Known {
					t.Errorf("values begin at %+v, want %+v", d.Values, want)
				}
				checkInner(t, d, row.inner)
			})
		})
	}
}

func checkInner(t *testing.T, d *mapdef.Def, want *params) {
	t.Helper()
	if (d.Inner == nil) != (want == nil) {
		t.Fatalf("inner definition is %+v, want %+v", d.Inner, want)
	}
	if want == nil {
		return
	}
	if got := paramsOf(d.Inner); got != *want {
		t.Errorf("inner definition is %+v, want %+v", got, *want)
	}
	in := d.Inner
	if in.Name != d.Name+".inner" || in.Offset != d.Offset || in.Section != ".maps" || in.InnerMap != mapdef.NoMap || in.Dialect != mapdef.DialectBTF || in.Values.Known {
		t.Errorf("R74 inner definition is %+v", in)
	}
}

func TestTypeIDs(t *testing.T) {
	t.Run("R61 ids as written, R63 the last key counts", func(t *testing.T) {
		m := elftest.NewMaps(nil)
		key := m.Typedef("key_t", m.Int32)
		value := m.Const(m.Struct("v", 16))
		m.Map("map", m.Uint("type", hash), m.Type("key", m.Int32), m.Type("key", key), m.Type("value", value))
		defs, _ := parse(t, m)
		if d := defs[0]; d.KeyType != key || d.ValueType != value || d.KeySize != 4 || d.ValueSize != 16 {
			t.Errorf("types are %d and %d, want %d and %d", d.KeyType, d.ValueType, key, value)
		}
	})
	t.Run("C44 C45 none where the size is not the type's", func(t *testing.T) {
		m := elftest.NewMaps(nil)
		event := m.Struct("event", 24)
		m.Map("perf", m.Uint("type", perfArray), m.Type("key", m.Int32), m.Type("value", event))
		m.Map("ring", m.Uint("type", ringbuf), m.Type("key", m.Struct("empty", 0)), m.Type("value", event))
		defs, warns := parse(t, m)
		if d := defs[0]; d.KeyType != m.Int32 || d.ValueType != 0 {
			t.Errorf("types of the perf event array are %d and %d", d.KeyType, d.ValueType)
		}
		if d := defs[1]; d.KeyType != 0 || d.ValueType != 0 {
			t.Errorf("types of the ring buffer are %d and %d", d.KeyType, d.ValueType)
		}
		if len(warns) != 2 || warns[0].Map != "perf" || warns[1].Map != "ring" || warns[0].Code != "fixed_size" ||
			warns[0].Message != `value size 24 of "perf" is not used: a perf event array has 4` {
			t.Errorf("warnings are %+v", warns)
		}
	})
}

func TestValuesOffset(t *testing.T) {
	t.Run("R72 bit field", func(t *testing.T) {
		m := elftest.NewMaps(nil)
		kind := m.Uint("type", arrayOfMaps)
		values := m.Array(m.Ptr(m.Def("", m.Uint("type", hash))), m.Index, 0)
		m.MapOf("outer", m.Struct("", 8, elftest.Member{Name: "type", Type: kind.Type}, elftest.Member{Name: "values", Type: values, BitOffset: 61}), 8)
		fails(t, m, "bad_member", "bit field")
	})
	t.Run("R72 outside of the definition", func(t *testing.T) {
		m := elftest.NewMaps(nil)
		kind := m.Uint("type", arrayOfMaps)
		values := m.Array(m.Ptr(m.Def("", m.Uint("type", hash))), m.Index, 0)
		m.MapOf("outer", m.Struct("", 8, elftest.Member{Name: "type", Type: kind.Type}, elftest.Member{Name: "values", Type: values, BitOffset: 1 << 20}), 8)
		fails(t, m, "out_of_section", "behind")
	})
}
