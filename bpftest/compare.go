package bpftest

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
)

// differ compares a decoded value with a Go value and tells each difference with
// its place.
type differ struct {
	out []string
}

func (d *differ) add(at, format string, args ...any) {
	if at == "" {
		at = "value"
	}
	d.out = append(d.out, at+": "+fmt.Sprintf(format, args...))
}

// compare walks both. What want does not have is not compared: members that a
// Go struct or map[string]any leaves out.
func (d *differ) compare(at string, got any, want reflect.Value) {
	for want.Kind() == reflect.Pointer || want.Kind() == reflect.Interface {
		if want.IsNil() {
			return // nothing is wanted of it
		}
		want = want.Elem()
	}
	switch g := got.(type) {
	case raw:
		d.bytes(at, g, want)
		return
	case record:
		d.record(at, g, want)
		return
	case []any:
		d.list(at, g, want)
		return
	}
	if !scalarEqual(got, want) {
		d.add(at, "%s, want %v", show(got), want)
	}
}

// scalarEqual compares numbers by value whatever their width, enumerators by
// number or name, text with strings and bytes.
func scalarEqual(got any, want reflect.Value) bool {
	switch g := got.(type) {
	case bool:
		return want.Kind() == reflect.Bool && want.Bool() == g
	case text:
		if want.Kind() == reflect.Slice && want.Type().Elem().Kind() == reflect.Uint8 {
			return string(want.Bytes()) == string(g)
		}
		return want.Kind() == reflect.String && want.String() == string(g)
	case float64:
		return want.CanFloat() && want.Float() == g
	case enumerator:
		if want.Kind() == reflect.String {
			return g.name != "" && want.String() == g.name
		}
		return integerEqual(g.value, g.value < 0, want)
	case int64:
		return integerEqual(g, g < 0, want)
	case uint64:
		if want.CanUint() {
			return want.Uint() == g
		}
		return want.CanInt() && want.Int() >= 0 && uint64(want.Int()) == g
	}
	return false
}

func integerEqual(g int64, negative bool, want reflect.Value) bool {
	if want.CanInt() {
		return want.Int() == g
	}
	return want.CanUint() && !negative && want.Uint() == uint64(g)
}

func (d *differ) bytes(at string, g raw, want reflect.Value) {
	if (want.Kind() != reflect.Slice && want.Kind() != reflect.Array) || want.Type().Elem().Kind() != reflect.Uint8 {
		d.add(at, "BTF does not tell what % x is: give the bytes instead of %s", []byte(g), want.Type())
		return
	}
	w := make([]byte, want.Len())
	reflect.Copy(reflect.ValueOf(w), want)
	if !bytes.Equal(g, w) {
		d.add(at, "% x, want % x", []byte(g), w)
	}
}

func (d *differ) list(at string, g []any, want reflect.Value) {
	if want.Kind() != reflect.Slice && want.Kind() != reflect.Array {
		d.add(at, "a list of %d, want %s", len(g), want.Type())
		return
	}
	if want.Len() != len(g) {
		d.add(at, "%d elements, want %d", len(g), want.Len())
	}
	for i := range min(len(g), want.Len()) {
		d.compare(fmt.Sprintf("%s[%d]", at, i), g[i], want.Index(i))
	}
}

func (d *differ) record(at string, g record, want reflect.Value) {
	switch want.Kind() {
	case reflect.Struct:
		typ := want.Type()
		for i := range typ.NumField() {
			f := typ.Field(i)
			name := f.Tag.Get("bpf")
			if f.Name == "_" || name == "-" || !f.IsExported() {
				continue
			}
			d.member(at, g, f.Name, name, want.Field(i))
		}
	case reflect.Map:
		if want.Type().Key().Kind() != reflect.String {
			d.add(at, "a struct, want %s", want.Type())
			return
		}
		names := want.MapKeys()
		sortKeys(names)
		for _, k := range names {
			d.member(at, g, k.String(), k.String(), want.MapIndex(k))
		}
	default:
		d.add(at, "a struct, want %s", want.Type())
	}
}

// member finds a member by its C name, or by a Go name that is the same but for
// case and underscores.
func (d *differ) member(at string, g record, goName, cName string, want reflect.Value) {
	for _, f := range g {
		if (cName != "" && f.name == cName) || (cName == "" && plain(f.name) == plain(goName)) {
			d.compare(at+"."+f.name, f.value, want)
			return
		}
	}
	if cName == "" {
		cName = goName
	}
	d.add(at, "has no member %q", cName)
}

func plain(name string) string { return strings.ToLower(strings.ReplaceAll(name, "_", "")) }

// show is a value for people.
func show(v any) string {
	switch v := v.(type) {
	case text:
		return fmt.Sprintf("%q", string(v))
	case enumerator:
		if v.name == "" {
			return fmt.Sprint(v.value)
		}
		return fmt.Sprintf("%s (%d)", v.name, v.value)
	case raw:
		return fmt.Sprintf("% x", []byte(v))
	case record:
		parts := make([]string, len(v))
		for i, f := range v {
			parts[i] = f.name + ": " + show(f.value)
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case []any:
		parts := make([]string, len(v))
		for i := range v {
			parts[i] = show(v[i])
		}
		return "[" + strings.Join(parts, " ") + "]"
	}
	return fmt.Sprint(v)
}
