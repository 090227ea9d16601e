package bpftest

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"

	"github.com/bpfload/bpfload/elfload"
)

// Map is a map of an object with its types.
type Map struct {
	*ebpf.Map
	Name string

	key, value btf.Type // nil where BTF does not tell
	typ        ebpf.MapType
}

// Map is the map of that name or alias; the test fails if there is none.
func (o *Object) Map(t testing.TB, name string) *Map {
	t.Helper()
	d := o.Data(name)
	if d == nil || d.Map == nil {
		t.Fatalf("the object has no map %q, or it was not created", name)
	}
	m := &Map{Map: d.Map, Name: d.Name, typ: d.Map.Type()}
	if o.Plan.BTF() == nil {
		return m
	}
	spec, err := btf.LoadSpecFromReader(bytes.NewReader(o.Plan.BTF()))
	if err != nil {
		t.Fatalf("map %q: its types cannot be read: %v", name, err)
	}
	m.key, m.value = typeOf(spec, d.Def.KeyType), typeOf(spec, d.Def.ValueType)
	return m
}

func typeOf(spec *btf.Spec, id uint32) btf.Type {
	if id == 0 {
		return nil
	}
	t, err := spec.TypeByID(btf.TypeID(id))
	if err != nil {
		return nil
	}
	return t
}

// AssertVar compares the present value of a global variable, by AssertMap's
// rules: o.AssertVar(t, "total", 7).
func (o *Object) AssertVar(t testing.TB, name string, want any) {
	t.Helper()
	for _, g := range o.Plan.Object.Globals() {
		if g.Name == name {
			AssertMap(t, o.Map(t, o.MapData[g.Map].Name), []any{map[string]any{name: want}})
			return
		}
	}
	t.Fatalf("the object has no global variable %q", name)
}

// AssertMap compares a map's contents with Go values, by the map's BTF types.
//
// want is a Go map from keys to values: those entries and no others; for arrays,
// those entries whatever the others. Or it is a slice: elements 0, 1, … of an
// array, all of them. Numbers are compared by value whatever their width; structs
// with Go structs by the names of members (SrcPort is src_port, or a tag
// `bpf:"src_port"`) or with map[string]any, what is left out is not compared; char
// arrays with strings, enumerators with their name or number. Of per-CPU maps a
// value is the sum of numbers, or a slice with one element for each CPU. What BTF
// does not describe is compared with []byte.
//
// Every difference is told.
func AssertMap(t testing.TB, m *Map, want any) {
	t.Helper()
	entries, err := m.entries()
	if err != nil {
		t.Fatalf("map %q: %v", m.Name, err)
	}
	d := &differ{}
	w := reflect.ValueOf(want)
	switch w.Kind() {
	case reflect.Map:
		m.compareMap(d, entries, w)
	case reflect.Slice, reflect.Array:
		if len(entries) != w.Len() {
			d.add("", "%d elements, want %d", len(entries), w.Len())
		}
		for i := range min(len(entries), w.Len()) {
			m.compareValue(d, fmt.Sprintf("[%d]", i), entries[i].value, w.Index(i))
		}
	default:
		t.Fatalf("map %q: contents are compared with a Go map or slice, not with %T", m.Name, want)
	}
	if len(d.out) > 0 {
		t.Errorf("map %q:\n    %s", m.Name, elfload.Clean(strings.Join(d.out, "\n    ")))
	}
}

// entry is one element. The value of a per-CPU map is []any, one for each CPU.
type entry struct {
	key, value any
	shown      string // the key for people
}

// entries reads the whole map, sorted by what the keys look like except in
// arrays, which have their order.
func (m *Map) entries() ([]entry, error) {
	var out []entry
	var k []byte
	it := m.Iterate()
	for {
		value, more, err := m.next(it, &k)
		if err != nil {
			return nil, err
		}
		if !more {
			break
		}
		key, err := decodeOr(m.key, k)
		if err != nil {
			return nil, fmt.Errorf("key: %w", err)
		}
		if r, ok := key.(raw); ok && len(r) == 4 && m.isArray() {
			key = uint64(number(r, false))
		}
		out = append(out, entry{key, value, show(key)})
	}
	if err := it.Err(); err != nil {
		return nil, err
	}
	if !m.isArray() {
		slices.SortStableFunc(out, func(a, b entry) int { return strings.Compare(a.shown, b.shown) })
	}
	return out, nil
}

// next reads one element; more is false at the end.
func (m *Map) next(it *ebpf.MapIterator, k *[]byte) (value any, more bool, err error) {
	if !m.perCPU() {
		var v []byte
		if !it.Next(k, &v) {
			return nil, false, nil
		}
		value, err = decodeOr(m.value, v)
		return value, true, err
	}
	var all [][]byte
	if !it.Next(k, &all) {
		return nil, false, nil
	}
	list := make([]any, len(all))
	for i := range all {
		if list[i], err = decodeOr(m.value, all[i]); err != nil {
			return nil, false, err
		}
	}
	return list, true, nil
}

func (m *Map) perCPU() bool {
	switch m.typ {
	case ebpf.PerCPUArray, ebpf.PerCPUHash, ebpf.LRUCPUHash, ebpf.PerCPUCGroupStorage:
		return true
	}
	return false
}

func (m *Map) isArray() bool { return m.typ == ebpf.Array || m.typ == ebpf.PerCPUArray }

func decodeOr(t btf.Type, b []byte) (any, error) {
	if t == nil {
		return raw(b), nil
	}
	return decode(t, b, 0)
}

// compareMap finds for every wanted key its entry; the rest is too much, but for
// arrays.
func (m *Map) compareMap(d *differ, entries []entry, want reflect.Value) {
	used := make([]bool, len(entries))
	keys := want.MapKeys()
	sortKeys(keys)
	for _, k := range keys {
		found := false
		for i := range entries {
			probe := &differ{}
			if probe.compare("", entries[i].key, k); !used[i] && len(probe.out) == 0 {
				used[i], found = true, true
				m.compareValue(d, "["+entries[i].shown+"]", entries[i].value, want.MapIndex(k))
				break
			}
		}
		if !found {
			d.add(fmt.Sprintf("[%v]", k), "is missing")
		}
	}
	for i := range entries {
		if !used[i] && !m.isArray() {
			d.add("["+entries[i].shown+"]", "is not wanted: %s", show(entries[i].value))
		}
	}
}

// compareValue adds up the numbers of a per-CPU map unless a list is wanted.
func (m *Map) compareValue(d *differ, at string, got any, want reflect.Value) {
	for want.Kind() == reflect.Interface && !want.IsNil() {
		want = want.Elem()
	}
	if list, ok := got.([]any); ok && m.perCPU() && (want.CanInt() || want.CanUint()) {
		var sum int64
		for _, v := range list {
			switch v := v.(type) {
			case int64:
				sum += v
			case uint64:
				sum += int64(v)
			default:
				d.add(at, "values of CPUs that are no numbers cannot be added")
				return
			}
		}
		got = sum
	}
	d.compare(at, got, want)
}

// sortKeys puts keys of a Go map into the order of what they look like.
func sortKeys(keys []reflect.Value) {
	slices.SortStableFunc(keys, func(a, b reflect.Value) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
}
