package elfload

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/cilium/ebpf"

	"github.com/bpfload/bpfload/internal/bpfsys"
	"github.com/bpfload/bpfload/internal/mapdef"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

// FieldDiff is one field in which a definition differs from a pinned map, or
// from another definition.
type FieldDiff struct {
	// Field is an attribute ("max_entries"), a member of the key or value
	// ("value.list[].next"), or either of a map of maps' inner map
	// ("inner.key_size").
	Field string
	// Old and New are the two in words; "" for a member that one does not have.
	Old, New string
}

// String is like `max_entries 4 instead of 8` or `value field "b" missing
// instead of 4 bytes at 4`: what is there, and what should be.
func (d FieldDiff) String() string {
	prefix, field := "", d.Field
	if rest, ok := strings.CutPrefix(field, "inner."); ok {
		prefix, field = "inner map's ", rest
	}
	old, new := d.Old, d.New
	for _, part := range []string{"key", "value"} {
		member, ok := strings.CutPrefix(field, part+".")
		if !ok {
			continue
		}
		field = part + " field " + strconv.Quote(member)
		if old == "" {
			old = "missing"
		}
		if new == "" {
			new = "none"
		}
	}
	return fmt.Sprintf("%s%s %s instead of %s", prefix, field, old, new)
}

// fieldTexts are the differences in one line.
func fieldTexts(diffs []FieldDiff) string {
	texts := make([]string, len(diffs))
	for i, d := range diffs {
		texts[i] = d.String()
	}
	return strings.Join(texts, ", ")
}

// mapShape is what a map is to the programs and processes that use it: two
// maps of one shape can stand for each other.
type mapShape struct {
	typ, keySize, valueSize, maxEntries, flags uint32
	extra                                      uint64
	internal                                   bool
	perCPUEntries                              bool // maxEntries is the number of CPUs, which is not known here
	// types holds keyType and valueType; nil where they are not known.
	types              *rawbtf.Table
	keyType, valueType rawbtf.ID
	// inner is the shape of a map of maps' inner maps, nil where it is not known.
	inner *mapShape
	// constants is the digest of what a frozen data section holds, "" for other maps
	// and where it is not known. Programs are compiled and verified with it, so a map
	// with other constants is another map.
	constants string
}

// Flags that the kernel adds to a map, or that are the descriptor's and not the
// map's (kernel/bpf/syscall.c, bpf_map_flags_retain_permanent).
const (
	flagRdonly      = 1 << 3 // BPF_F_RDONLY
	flagWronly      = 1 << 4 // BPF_F_WRONLY
	flagNoCommonLRU = 1 << 1 // BPF_F_NO_COMMON_LRU
	flagInnerMap    = 1 << 12
)

// shapeOf is the shape of a definition. types holds its type ids, nil for none.
func shapeOf(d *MapDef, types *rawbtf.Table) *mapShape {
	return &mapShape{typ: d.Type, keySize: d.KeySize, valueSize: d.ValueSize, maxEntries: d.MaxEntries, flags: d.Flags,
		extra: d.Extra, internal: d.Internal, types: types, keyType: d.KeyType, valueType: d.ValueType}
}

// shape is the shape of map i as the plan has it.
func (p *Plan) shape(i int, types *rawbtf.Table) *mapShape {
	m := &p.Maps[i]
	s := shapeOf(&m.MapDef, types)
	s.perCPUEntries = m.PerCPUEntries
	if m.Dialect == mapdef.DialectData && m.Frozen {
		s.constants = digest(m.Contents)
	}
	switch {
	case m.Inner != nil:
		s.inner = shapeOf(m.Inner, types)
		s.inner.perCPUEntries = m.InnerPerCPUEntries
	case m.InnerMap != mapdef.NoMap:
		t := &p.Maps[m.InnerMap]
		s.inner = shapeOf(&t.MapDef, types)
		s.inner.perCPUEntries = t.PerCPUEntries
	}
	return s
}

// digest is what tells contents apart; zeros at the end do not count.
func digest(contents []byte) string {
	return "sha256 " + shortSum(bytes.TrimRight(contents, "\x00"))
}

// types is the table of the object's types as the kernel is given them, nil for none.
func (p *Plan) types() (*rawbtf.Table, error) {
	if p.btf == nil {
		return nil, nil
	}
	return rawbtf.Parse(p.btf, p.Object.file.Order)
}

// shapeOfInfo is the shape of a map in the kernel, but for types and inner maps.
func shapeOfInfo(info bpfsys.MapInfo) *mapShape {
	return &mapShape{typ: info.Type, keySize: info.KeySize, valueSize: info.ValueSize, maxEntries: info.MaxEntries,
		flags: info.Flags, extra: info.Extra, keyType: info.KeyTypeID, valueType: info.ValueTypeID}
}

// onHost is the shape that a definition gets in a kernel with that many CPUs:
// LRU maps with lists of their own per CPU get as many entries for each
// (kernel/bpf/hashtab.c, htab_map_alloc).
func (s *mapShape) onHost(cpus uint32) {
	if s.perCPUEntries {
		s.maxEntries, s.perCPUEntries = cpus, false
	}
	lru := ebpf.MapType(s.typ) == ebpf.LRUHash || ebpf.MapType(s.typ) == ebpf.LRUCPUHash
	if lru && s.flags&flagNoCommonLRU != 0 && cpus > 0 {
		up := (uint64(s.maxEntries) + uint64(cpus) - 1) / uint64(cpus) * uint64(cpus)
		if up > 1<<32-1 {
			up -= uint64(cpus)
		}
		s.maxEntries = uint32(up)
	}
}

// needsCPUs tells whether onHost depends on the number of CPUs.
func (s *mapShape) needsCPUs() bool { return s.perCPUEntries || s.flags&flagNoCommonLRU != 0 }

// permanent are the flags that are the map's, without what the kernel adds.
func (s *mapShape) permanent() uint32 {
	flags := s.flags &^ (flagRdonly | flagWronly)
	if t := ebpf.MapType(s.typ); t == ebpf.DevMap || t == ebpf.DevMapHash {
		flags &^= flagRdonlyProg
	}
	return flags
}

// differences names every field in which the older map is not what the newer
// definition makes (R153).
func (old *mapShape) differences(new *mapShape) []FieldDiff {
	out := old.attributeDifferences(new)
	out = append(out, old.typeDifferences(new)...)
	if old.constants != "" && new.constants != "" && old.constants != new.constants {
		out = append(out, FieldDiff{"contents", old.constants, new.constants})
	}
	if old.inner == nil || new.inner == nil {
		return out
	}
	for _, d := range old.inner.innerDifferences(new.inner) {
		d.Field = "inner." + d.Field
		out = append(out, d)
	}
	return out
}

func (old *mapShape) attributeDifferences(new *mapShape) []FieldDiff {
	var out []FieldDiff
	add := func(name string, a, b any) {
		if a != b {
			out = append(out, FieldDiff{Field: name, Old: fmt.Sprint(a), New: fmt.Sprint(b)})
		}
	}
	entries := func(s *mapShape) string {
		if s.perCPUEntries {
			return "cpus"
		}
		return fmt.Sprint(s.maxEntries)
	}
	add("type", mapTypeText(old.typ), mapTypeText(new.typ))
	add("key_size", old.keySize, new.keySize)
	add("value_size", old.valueSize, new.valueSize)
	add("max_entries", entries(old), entries(new))
	oldFlags, newFlags := old.permanent(), new.permanent()
	if new.internal && oldFlags&flagMmapable == 0 {
		newFlags &^= flagMmapable // made on a kernel that cannot (R103)
	}
	add("map_flags", fmt.Sprintf("%#x", oldFlags), fmt.Sprintf("%#x", newFlags))
	add("map_extra", old.extra, new.extra)
	return out
}

// innerDifferences are those that keep a map from being an inner map of the other's
// outer map (kernel/bpf/map_in_map.c, bpf_map_meta_equal; array_map_meta_equal).
func (old *mapShape) innerDifferences(new *mapShape) []FieldDiff {
	fixed := ebpf.MapType(old.typ) == ebpf.Array && old.flags&flagInnerMap == 0
	diffs := old.attributeDifferences(new)
	diffs = slices.DeleteFunc(diffs, func(d FieldDiff) bool {
		return d.Field == "map_extra" || d.Field == "max_entries" && !fixed
	})
	return append(diffs, old.typeDifferences(new)...)
}

// typeDifferences compares keys and values field by field: names, places and
// sizes. Where one of the two has no types, nothing is compared.
func (old *mapShape) typeDifferences(new *mapShape) []FieldDiff {
	if old.types == nil || new.types == nil {
		return nil
	}
	var out []FieldDiff
	for _, part := range []struct {
		name     string
		old, new rawbtf.ID
	}{{"key", old.keyType, new.keyType}, {"value", old.valueType, new.valueType}} {
		if part.old != 0 && part.new != 0 {
			out = append(out, fieldDifferences(part.name, fieldsOf(old.types, part.old), fieldsOf(new.types, part.new))...)
		}
	}
	return out
}
