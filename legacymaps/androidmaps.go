package legacymaps

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/bpfload/bpfload/internal/mapdef"
)

const (
	androidMaps   = ".android_maps"
	androidSuffix = "_def"
	n192Size      = 192
)

// n192Words are the four-byte fields of an N192 record after the base (L96).
var n192Words = [...]struct {
	off  int
	name string
}{
	{20, "uid"}, {24, "gid"}, {28, "mode"}, {32, "min_api_level"}, {36, "max_api_level"}, {40, "min_kver"}, {44, "max_kver"},
}

// ApplyAndroidMaps adds what section .android_maps says about BTF definitions
// (L96) to those of that name: gates, mode and owner in Ext, the place in Pinning
// and PinPath. defs is changed in place. Without the section nothing happens.
func ApplyAndroidMaps(f *mapdef.File, defs []mapdef.Def) ([]mapdef.Warning, error) {
	sec := f.SectionNamed(androidMaps)
	if sec == nil || sec.Size == 0 {
		return nil, nil
	}
	var syms []*mapdef.Symbol
	for i := range f.Symbols {
		if s := &f.Symbols[i]; s.In(sec.Index) && canName(s) {
			syms = append(syms, s)
		}
	}
	elems, err := symbolElements(sec, syms)
	if err != nil {
		return nil, err
	}
	setSlots(elems, sec.Size)
	at := map[string]int{}
	for i := range defs {
		at[defs[i].Name] = i
	}
	var warns []mapdef.Warning
	for i := range elems {
		e := &elems[i]
		if err := e.cut(); err != nil {
			return nil, err
		}
		if e.size != n192Size {
			return nil, e.fail("element_size", e.off, fmt.Sprintf("record has %d bytes instead of %d", e.size, n192Size))
		}
		name := strings.TrimSuffix(e.name, androidSuffix)
		d, ok := at[name]
		if !ok {
			warns = append(warns, mapdef.Warning{Code: "android_record", Section: sec.Name, Map: name, Offset: mapdef.At(e.off),
				Message: fmt.Sprintf("record %q belongs to no map of the object", e.name)})
			continue
		}
		applyRecord(f.Order, &defs[d], e.data)
	}
	return warns, nil
}

// applyRecord takes one record.
func applyRecord(order binary.ByteOrder, d *mapdef.Def, b []byte) {
	for _, w := range n192Words {
		d.Ext = append(d.Ext, mapdef.ExtField{Name: w.name, Value: uint64(order.Uint32(b[w.off:]))})
	}
	create, _, _ := strings.Cut(string(b[48:118]), "\x00")
	pin, _, _ := strings.Cut(string(b[118:188]), "\x00")
	d.Ext = append(d.Ext, mapdef.ExtField{Name: "create_location", Text: create}, mapdef.ExtField{Name: "pin_location", Text: pin})
	if pin != "" {
		d.Pinning, d.PinPath = mapdef.PinCustom, pin
	}
}
