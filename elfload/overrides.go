package elfload

import (
	"fmt"
	"math"
	"strconv"

	"github.com/bpfload/bpfload/internal/mapdef"
)

// mapFields are the fields of a definition that a caller may override: one row,
// one field. bits bounds the number.
var mapFields = []struct {
	name string
	bits int
	set  func(*MapDef, uint64)
}{
	{"max_entries", 32, func(d *MapDef, v uint64) { d.MaxEntries = uint32(v) }},
	{"map_flags", 32, func(d *MapDef, v uint64) { d.Flags = uint32(v) }},
	{"key_size", 32, func(d *MapDef, v uint64) { setKeySize(d, uint32(v)) }},
	{"value_size", 32, func(d *MapDef, v uint64) { setValueSize(d, uint32(v)) }},
	{"numa_node", 32, func(d *MapDef, v uint64) { d.NumaNode, d.Flags = uint32(v), d.Flags|flagNumaNode }},
	{"map_extra", 64, func(d *MapDef, v uint64) { d.Extra = v }},
}

// setKeySize drops the types, which no longer say the size; the kernel takes
// both or none.
func setKeySize(d *MapDef, n uint32) {
	if n != d.KeySize {
		d.KeySize, d.KeyType, d.ValueType = n, 0, 0
	}
}

// setValueSize drops the types as well, and cuts
// or zero-fills initial contents (libbpf's bpf_map__set_value_size, R164).
func setValueSize(d *MapDef, n uint32) {
	if n == d.ValueSize {
		return
	}
	d.ValueSize, d.KeyType, d.ValueType = n, 0, 0
	if d.Contents != nil {
		d.Contents = d.Contents[:min(int(n), len(d.Contents))]
	}
}

// overrideMaps applies Options.Maps in order.
func overrideMaps(defs []MapDef, overrides []MapOverride) error {
	for _, ov := range overrides {
		i, ok := indexOf(defs, ov.Map)
		if !ok {
			var names []string
			for j := range defs {
				names = append(names, defs[j].Name)
			}
			return &Error{Stage: StagePlan, Kind: ErrUsage, Code: "map_unknown", Symbol: ov.Map,
				Err: fmt.Errorf("no map has this name"), Hint: "the object has " + listSome(names, 12)}
		}
		if err := overrideMap(&defs[i], ov.Field, ov.Value); err != nil {
			return &Error{Stage: StagePlan, Kind: ErrUsage, Code: "map_override", Section: defs[i].Section, Symbol: ov.Map, Err: err}
		}
	}
	return nil
}

func overrideMap(d *MapDef, field, value string) error {
	if field == "pin" || field == "pinning" {
		switch value {
		case "none", "0":
			d.Pinning = mapdef.PinNone
		case "by_name", "1":
			d.Pinning = mapdef.PinByName
		default:
			return fmt.Errorf("pin is none or by_name, not %q", value)
		}
		return nil
	}
	for _, f := range mapFields {
		if f.name != field {
			continue
		}
		v, err := strconv.ParseUint(value, 0, 64)
		if err != nil || (f.bits == 32 && v > math.MaxUint32) {
			return fmt.Errorf("%s is a number of %d bits, not %q", field, f.bits, value)
		}
		f.set(d, v)
		return nil
	}
	return fmt.Errorf("field %q cannot be set; these can: max_entries, map_flags, key_size, value_size, numa_node, map_extra, pin", field)
}

// giveInner gives templates to maps of maps: --inner OUTER=INNER.
func giveInner(defs []MapDef, inner []InnerMap) error {
	for _, in := range inner {
		o, ok := indexOf(defs, in.Outer)
		if !ok || !isMapOfMaps(defs[o].Type) {
			return &Error{Stage: StagePlan, Kind: ErrUsage, Code: "map_unknown", Symbol: in.Outer, Err: fmt.Errorf("no map of maps has this name")}
		}
		i, ok := indexOf(defs, in.Inner)
		if !ok || i == o || isMapOfMaps(defs[i].Type) {
			return &Error{Stage: StagePlan, Kind: ErrUsage, Code: "map_unknown", Symbol: in.Inner, Err: fmt.Errorf("no map of this name can be an inner map")}
		}
		defs[o].Inner, defs[o].InnerMap = nil, i
	}
	return nil
}
