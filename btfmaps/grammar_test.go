package btfmaps_test

import (
	"encoding/binary"
	"testing"

	"github.com/bpfload/bpfload/internal/elftest"
)

type fields = []elftest.Field

// grammar has one row for each sentence of R51 to R67: the members of one map,
// and what they mean or the code and text of the error.
var grammar = []struct {
	name    string
	members func(m *elftest.Maps) fields
	want    params
	code    string
	text    string
}{
	{name: "R56 all members but values", want: params{hash, 4, 8, 7, 5, 3, 9, 1}, members: func(m *elftest.Maps) fields {
		return fields{m.Uint("type", hash), m.Uint("max_entries", 7), m.Uint("map_flags", 5), m.Uint("numa_node", 3),
			m.Uint("key_size", 4), m.Uint("value_size", 8), m.Uint("pinning", 1), m.Ulong("map_extra", 9)}
	}},
	{name: "R66 defaults are 0", want: params{Type: array}, members: func(m *elftest.Maps) fields {
		return fields{m.Uint("type", array)}
	}},
	{name: "R67 zero sizes and unknown types are the kernel's to refuse", want: params{Type: 4711}, members: func(m *elftest.Maps) fields {
		return fields{m.Uint("type", 4711), m.Uint("max_entries", 0), m.Uint("key_size", 0)}
	}},

	{name: "R51 int (*const type)[2]", want: params{Type: array}, members: func(m *elftest.Maps) fields {
		return fields{m.Raw("type", m.Const(m.Ptr(m.Array(m.Int32, m.Index, 2))), 8)}
	}},
	{name: "R51 volatile restrict type tag", want: params{Type: array}, members: func(m *elftest.Maps) fields {
		return fields{m.Raw("type", m.Volatile(m.Restrict(m.TypeTag("user", m.Ptr(m.Array(m.Int32, m.Index, 2))))), 8)}
	}},
	{name: "R51 typedef of the pointer", want: params{Type: array}, members: func(m *elftest.Maps) fields {
		return fields{m.Raw("type", m.Typedef("p2", m.Ptr(m.Array(m.Int32, m.Index, 2))), 8)}
	}},
	{name: "R51 typedef of the array", code: "bad_member", text: `member "type" is a2 *`, members: func(m *elftest.Maps) fields {
		return fields{m.Raw("type", m.Ptr(m.Typedef("a2", m.Array(m.Int32, m.Index, 2))), 8)}
	}},
	{name: "R51 int", code: "bad_member", text: `member "type" is int, not a pointer to an array`, members: func(m *elftest.Maps) fields {
		return fields{m.Raw("type", m.Int32, 4)}
	}},
	{name: "R51 int pointer", code: "bad_member", text: `member "max_entries" is int *`, members: func(m *elftest.Maps) fields {
		return fields{m.Uint("type", hash), m.Raw("max_entries", m.Ptr(m.Int32), 8)}
	}},
	{name: "R51 cycle of qualifiers", code: "bad_member", text: "cycle", members: func(m *elftest.Maps) fields {
		return fields{m.Raw("type", m.Const(m.Next()), 8)}
	}},
	{name: "R51 type id outside of the table", code: "bad_member", text: `member "type"`, members: func(m *elftest.Maps) fields {
		return fields{m.Raw("type", 0xfffffff0, 8)}
	}},
	{name: "R51 the largest count", want: params{Type: hash, Max: 0xffffffff}, members: func(m *elftest.Maps) fields {
		return fields{m.Uint("type", hash), m.Uint("max_entries", 0xffffffff)}
	}},
	{name: "R52 what the compiler truncated is what there is", want: params{Type: hash, Max: 0x100000002 & 0xffffffff}, members: func(m *elftest.Maps) fields {
		return fields{m.Uint("type", hash), m.Uint("max_entries", 2)}
	}},

	{name: "R53 map_extra by __uint", want: params{Type: hash, Extra: 5}, members: func(m *elftest.Maps) fields {
		return fields{m.Uint("type", hash), m.Uint("map_extra", 5)}
	}},
	{name: "R53 map_extra by ENUM64", want: params{Type: hash, Extra: 1 << 44}, members: func(m *elftest.Maps) fields {
		return fields{m.Uint("type", hash), m.Ulong("map_extra", 1<<44)}
	}},
	{name: "R53 const typedef enum", want: params{Type: hash, Extra: 6}, members: func(m *elftest.Maps) fields {
		e := m.Enum("", 4, false, elftest.Enumerator{Name: "x", Value: 6})
		return fields{m.Uint("type", hash), m.Raw("map_extra", m.Const(m.Typedef("t", e)), 4)}
	}},
	{name: "R53 two enumerators", code: "bad_member", text: "enum of 2 enumerators", members: func(m *elftest.Maps) fields {
		e := m.Enum("", 4, false, elftest.Enumerator{Name: "x", Value: 6}, elftest.Enumerator{Name: "y", Value: 7})
		return fields{m.Uint("type", hash), m.Raw("map_extra", e, 4)}
	}},
	{name: "R53 no enumerator", code: "bad_member", text: "enum of 0 enumerators", members: func(m *elftest.Maps) fields {
		return fields{m.Uint("type", hash), m.Raw("map_extra", m.Enum("", 4, false), 4)}
	}},
	{name: "R53 int", code: "bad_member", text: `member "map_extra" is int`, members: func(m *elftest.Maps) fields {
		return fields{m.Uint("type", hash), m.Raw("map_extra", m.Int32, 4)}
	}},
	{name: "R53 cycle", code: "bad_member", text: "cycle", members: func(m *elftest.Maps) fields {
		return fields{m.Uint("type", hash), m.Raw("map_extra", m.Typedef("t", m.Next()), 4)}
	}},
	{name: "R54 D2 unsigned 32-bit enum", want: params{Type: hash, Extra: 0x80000000}, members: func(m *elftest.Maps) fields {
		e := m.Enum("", 4, false, elftest.Enumerator{Name: "x", Value: 0x80000000})
		return fields{m.Uint("type", hash), m.Raw("map_extra", e, 4)}
	}},
	{name: "R54 D2 signed 32-bit enum", want: params{Type: hash, Extra: 1<<64 - 2}, members: func(m *elftest.Maps) fields {
		e := m.Enum("", 4, true, elftest.Enumerator{Name: "x", Value: 0xfffffffe})
		return fields{m.Uint("type", hash), m.Raw("map_extra", e, 4)}
	}},
	{name: "D3 ENUM of size 8 is truncated", code: "truncated_enum", text: "64 bits", members: func(m *elftest.Maps) fields {
		e := m.Enum("", 8, false, elftest.Enumerator{Name: "x", Value: 0})
		return fields{m.Uint("type", hash), m.Raw("map_extra", e, 8)}
	}},
	{name: "R55 __ulong type", code: "bad_member", text: `member "type" is enum`, members: func(m *elftest.Maps) fields {
		return fields{m.Ulong("type", hash)}
	}},
	{name: "R55 __ulong max_entries", code: "bad_member", text: `member "max_entries" is enum`, members: func(m *elftest.Maps) fields {
		return fields{m.Uint("type", hash), m.Ulong("max_entries", 1<<40)}
	}},

	{name: "R57 unknown member", code: "unknown_member", text: `member "colour" is not known; known are type, max_entries, map_flags, numa_node, key_size, key, value_size, value, values, pinning, map_extra`,
		members: func(m *elftest.Maps) fields { return fields{m.Uint("type", hash), m.Uint("colour", 1)} }},
	{name: "R57 anonymous member", code: "unknown_member", text: `member "" is not known`, members: func(m *elftest.Maps) fields {
		return fields{m.Uint("type", hash), m.Uint("", 1)}
	}},
	{name: "R58 the last of a repeated member counts", want: params{Type: array, Max: 9}, members: func(m *elftest.Maps) fields {
		return fields{m.Uint("type", hash), m.Uint("max_entries", 5), m.Uint("type", array), m.Uint("max_entries", 9)}
	}},
	{name: "R58 but not without end", code: "too_many_members", text: "70 members", members: func(m *elftest.Maps) fields {
		all := fields{}
		for range 70 {
			all = append(all, m.Uint("type", hash))
		}
		return all
	}},

	{name: "R59 key behind const", code: "bad_member", text: `member "key"`, members: func(m *elftest.Maps) fields {
		return fields{m.Uint("type", hash), m.Raw("key", m.Const(m.Ptr(m.Int32)), 8)}
	}},
	{name: "R59 key behind typedef", code: "bad_member", text: `member "key" is ip, not a plain pointer`, members: func(m *elftest.Maps) fields {
		return fields{m.Uint("type", hash), m.Raw("key", m.Typedef("ip", m.Ptr(m.Int32)), 8)}
	}},
	{name: "R59 int value", code: "bad_member", text: `member "value" is int`, members: func(m *elftest.Maps) fields {
		return fields{m.Uint("type", hash), m.Raw("value", m.Int32, 4)}
	}},
	{name: "R60 arrays and pointers", want: params{Type: hash, Key: 15, Value: 8}, members: func(m *elftest.Maps) fields {
		c := m.Int("char", 1, elftest.Signed)
		return fields{m.Uint("type", hash), m.Type("key", m.Array(m.Array(c, m.Index, 5), m.Index, 3)), m.Type("value", m.Ptr(0))}
	}},
	{name: "R60 flexible array, double", want: params{Type: hash, Key: 4, Value: 8}, members: func(m *elftest.Maps) fields {
		s := m.Struct("s", 4, elftest.Member{Name: "n", Type: m.Int32}, elftest.Member{Name: "a", Type: m.Array(m.Int32, m.Index, 0), BitOffset: 32})
		return fields{m.Uint("type", hash), m.Type("key", s), m.Type("value", m.Float("double", 8))}
	}},
	{name: "R60 enum, enum64", want: params{Type: hash, Key: 4, Value: 8}, members: func(m *elftest.Maps) fields {
		return fields{m.Uint("type", hash), m.Type("key", m.Enum("e", 4, false)), m.Type("value", m.Enum64("f", 8, false))}
	}},
	{name: "R60 void", code: "bad_type", text: `member "key" cannot be void: type has no size`, members: func(m *elftest.Maps) fields {
		return fields{m.Uint("type", hash), m.Type("key", 0)}
	}},
	{name: "R60 forward declaration", code: "bad_type", text: `cannot be struct s`, members: func(m *elftest.Maps) fields {
		return fields{m.Uint("type", hash), m.Type("value", m.Fwd("s", false))}
	}},
	{name: "R60 function", code: "bad_type", text: "has no size", members: func(m *elftest.Maps) fields {
		return fields{m.Uint("type", hash), m.Type("value", m.FuncProto(0))}
	}},
	{name: "R60 4 GiB - 1 is allowed", want: params{Type: hash, Value: 0xffffffff}, members: func(m *elftest.Maps) fields {
		return fields{m.Uint("type", hash), m.Type("value", m.Array(m.Int("char", 1, 0), m.Index, 0xffffffff))}
	}},
	{name: "R60 4 GiB is not", code: "bad_type", text: "larger than 4 GiB", members: func(m *elftest.Maps) fields {
		return fields{m.Uint("type", hash), m.Type("value", m.Array(m.Int32, m.Index, 1<<30))}
	}},
	{name: "R60 array of itself", code: "bad_type", text: "cycle", members: func(m *elftest.Maps) fields {
		return fields{m.Uint("type", hash), m.Type("value", m.Array(m.Next(), m.Index, 1))}
	}},

	{name: "R62 key_size, then an equal key", want: params{Type: hash, Key: 4}, members: func(m *elftest.Maps) fields {
		return fields{m.Uint("type", hash), m.Uint("key_size", 4), m.Type("key", m.Int32)}
	}},
	{name: "R62 value, then an equal value_size", want: params{Type: hash, Value: 4}, members: func(m *elftest.Maps) fields {
		return fields{m.Uint("type", hash), m.Type("value", m.Int32), m.Uint("value_size", 4)}
	}},
	{name: "R62 key_size and another key", code: "size_conflict", text: `member "key" says 4 bytes, but an earlier member said 8`, members: func(m *elftest.Maps) fields {
		return fields{m.Uint("type", hash), m.Uint("key_size", 8), m.Type("key", m.Int32)}
	}},
	{name: "R62 value and another value_size", code: "size_conflict", text: `member "value_size" says 8 bytes`, members: func(m *elftest.Maps) fields {
		return fields{m.Uint("type", hash), m.Type("value", m.Int32), m.Uint("value_size", 8)}
	}},
	{name: "R62 key_size 0 says nothing", want: params{Type: hash, Key: 4}, members: func(m *elftest.Maps) fields {
		return fields{m.Uint("type", hash), m.Uint("key_size", 0), m.Type("key", m.Int32)}
	}},
	{name: "R62 but not after key", code: "size_conflict", text: `member "key_size" says 0 bytes`, members: func(m *elftest.Maps) fields {
		return fields{m.Uint("type", hash), m.Type("key", m.Int32), m.Uint("key_size", 0)}
	}},
	{name: "R63 key twice, other sizes", code: "size_conflict", text: `member "key"`, members: func(m *elftest.Maps) fields {
		return fields{m.Uint("type", hash), m.Type("key", m.Int32), m.Type("key", m.Ptr(0))}
	}},

	{name: "R64 pinning 0", want: params{Type: hash}, members: func(m *elftest.Maps) fields {
		return fields{m.Uint("type", hash), m.Uint("pinning", 0)}
	}},
	{name: "R64 pinning 2", code: "bad_pinning", text: `member "pinning" is 2`, members: func(m *elftest.Maps) fields {
		return fields{m.Uint("type", hash), m.Uint("pinning", 2)}
	}},
	{name: "R65 no type", code: "no_type", text: "definition has no type", members: func(m *elftest.Maps) fields {
		return fields{m.Uint("max_entries", 1)}
	}},
	{name: "R65 type 0", code: "no_type", text: "definition has no type", members: func(m *elftest.Maps) fields {
		return fields{m.Uint("type", 0)}
	}},
	{name: "R65 comes after all members", code: "unknown_member", text: `"x"`, members: func(m *elftest.Maps) fields {
		return fields{m.Uint("max_entries", 1), m.Uint("x", 1)}
	}},
	{name: "R65 empty struct", code: "no_type", text: "definition has no type", members: func(*elftest.Maps) fields { return nil }},

	{name: "C44 typed ring buffer", want: params{Type: ringbuf, Max: 4096}, members: func(m *elftest.Maps) fields {
		return fields{m.Uint("type", ringbuf), m.Type("value", m.Int32), m.Uint("max_entries", 4096)}
	}},
	{name: "C44 user ring buffer, R76 not rounded here", want: params{Type: userRingbuf, Max: 5000}, members: func(m *elftest.Maps) fields {
		return fields{m.Type("key", m.Int32), m.Uint("type", userRingbuf), m.Uint("max_entries", 5000), m.Uint("value_size", 4)}
	}},
	{name: "C45 perf event array of structs", want: params{Type: perfArray, Key: 4, Value: 4}, members: func(m *elftest.Maps) fields {
		return fields{m.Uint("type", perfArray), m.Type("key", m.Int32), m.Type("value", m.Struct("event", 24))}
	}},
	{name: "C46 perf event array without sizes, R78 no CPU count here", want: params{Type: perfArray, Key: 4, Value: 4}, members: func(m *elftest.Maps) fields {
		return fields{m.Uint("type", perfArray)}
	}},
}

func TestGrammar(t *testing.T) {
	for _, row := range grammar {
		t.Run(row.name, func(t *testing.T) {
			eachOrder(t, func(t *testing.T, order binary.ByteOrder) {
				m := elftest.NewMaps(order)
				m.Map("pad", m.Uint("type", hash))
				m.Map("map", row.members(m)...)
				m.Vars[1].Size = max(m.Vars[1].Size, 8)
				if row.code != "" {
					e := fails(t, m, row.code, row.text)
					if e.Symbol != "map" || !e.Offset.Known || e.Offset.Bytes != 8 {
						t.Errorf("error is placed at %q, %v, want map, 8", e.Symbol, e.Offset)
					}
					return
				}
				defs, _ := parse(t, m)
				if got := paramsOf(&defs[1]); got != row.want {
					t.Errorf("definition is %+v, want %+v", got, row.want)
				}
			})
		})
	}
}
