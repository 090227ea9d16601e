// Package staticvalues resolves the initialisers of maps of maps and program
// arrays: which map or program stands in which slot when a load is done.
//
// Relocations are walked and the owner of each is found; one that nobody owns
// is an error. A pointer is 8 bytes wide whatever a section's alignment is.
package staticvalues

import (
	"cmp"
	"debug/elf"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/bpfload/bpfload/internal/mapdef"
)

// Map types that can hold descriptors (enum bpf_map_type).
const (
	progArray   = 3
	arrayOfMaps = 12
	hashOfMaps  = 13
)

// section is the name of the section with BTF-defined maps.
const section = ".maps"

// Resolve gives, for each definition, its slots in ascending order: those that
// the definition has already, and those that relocations against its `values`
// member name. programAt tells the index of the program that starts at that
// offset of that section (not of a subprogram). Spec R82 to R89.
func Resolve(f *mapdef.File, defs []mapdef.Def, programAt func(section int, off uint64) (int, bool)) ([][]mapdef.Slot, error) {
	r := resolver{f: f, defs: defs, programAt: programAt, slots: make([][]mapdef.Slot, len(defs))}
	for i := range defs {
		r.slots[i] = append([]mapdef.Slot(nil), defs[i].Slots...)
	}
	for i := range f.Sections {
		if f.Sections[i].Name != section {
			continue
		}
		if r.starts == nil && len(f.Relocs[i]) > 0 {
			r.starts = starts(defs)
		}
		for _, rel := range f.Relocs[i] {
			if err := r.resolve(i, rel); err != nil {
				return nil, err
			}
		}
	}
	for i := range r.slots {
		s := r.slots[i]
		slices.SortStableFunc(s, func(a, b mapdef.Slot) int { return cmp.Compare(a.Index, b.Index) })
		for j := 1; j < len(s); j++ {
			if s[j].Index == s[j-1].Index {
				return nil, fail(&defs[i], s[j].Offset, "slot_twice", "slot %d is filled twice", s[j].Index)
			}
		}
	}
	return r.slots, nil
}

type resolver struct {
	f         *mapdef.File
	defs      []mapdef.Def
	programAt func(section int, off uint64) (int, bool)
	slots     [][]mapdef.Slot
	starts    []start
}

func fail(def *mapdef.Def, off uint64, code, format string, args ...any) *mapdef.Error {
	return &mapdef.Error{Stage: mapdef.StageRead, Code: code, Section: def.Section, Symbol: def.Name, Offset: mapdef.At(off),
		Err: fmt.Errorf(format, args...)}
}

// resolve finds the owner of one relocation against a .maps section.
func (r *resolver) resolve(sec int, rel mapdef.Reloc) error {
	owner := r.owner(sec, rel.Offset)
	if owner < 0 {
		return &mapdef.Error{Stage: mapdef.StageRead, Code: "reloc_owner", Section: r.f.Sections[sec].Name, Offset: mapdef.At(rel.Offset),
			Err: errors.New("relocation lies in no map definition")}
	}
	def := &r.defs[owner]
	index, err := slotIndex(def, rel.Offset)
	if err != nil {
		return err
	}
	if !rel.SetsPointer() {
		return fail(def, rel.Offset, "reloc_type", "relocation type %d does not set a pointer", rel.Type)
	}
	target, err := r.target(def, rel)
	if err != nil {
		return err
	}
	r.slots[owner] = append(r.slots[owner], mapdef.Slot{Index: index, Target: target, Offset: rel.Offset})
	return nil
}

// owner is the definition whose extent holds the 8 bytes at off (R82), -1 for none.
func (r *resolver) owner(sec int, off uint64) int {
	found := -1
	for i := r.after(sec, off) - 1; i >= 0 && r.starts[i].section == sec && r.starts[i].reach > off; i-- {
		n := r.starts[i].def
		d := &r.defs[n]
		if off-d.Offset <= d.Size && d.Size-(off-d.Offset) >= mapdef.PointerSize && (found < 0 || n < found) {
			found = n // of several that overlap, the first
		}
	}
	return found
}

// slotIndex is R83, R87 and R88. Whether the map has that many entries (R89) is
// seen when the plan is made: a caller may size the map.
func slotIndex(def *mapdef.Def, off uint64) (uint32, error) {
	switch def.Type {
	case progArray, arrayOfMaps, hashOfMaps:
	default:
		return 0, fail(def, off, "reloc_owner", "a pointer initialises a map that is neither a map of maps nor a program array")
	}
	if !def.Values.Known || off < def.Values.Bytes {
		return 0, fail(def, off, "reloc_owner", "a pointer initialises a member other than `values`")
	}
	rel := off - def.Values.Bytes
	if rel%mapdef.PointerSize != 0 {
		return 0, fail(def, off, "reloc_misaligned", "relocation is not on a pointer slot: %d bytes into `values`", rel)
	}
	index := rel / mapdef.PointerSize
	if def.Type == hashOfMaps {
		if def.KeySize != 4 {
			return 0, fail(def, off, "values_key_size", "initialised hash_of_maps needs 4-byte keys, not %d", def.KeySize)
		}
	}
	if index > math.MaxUint32 {
		return 0, fail(def, off, "slot_range", "slot %d is more than a key can say", index)
	}
	return uint32(index), nil
}

// target is R84 to R86, by position instead of by name, so that aliases and
// names that begin with a dot work too.
func (r *resolver) target(def *mapdef.Def, rel mapdef.Reloc) (mapdef.Target, error) {
	sym := &r.f.Symbols[rel.Symbol]
	switch {
	case sym.Section == elf.SHN_UNDEF:
		return mapdef.Target{}, fail(def, rel.Offset, "slot_target", "initialiser %q is not defined in this object", sym.Name)
	case sym.Section >= elf.SHN_LORESERVE:
		return mapdef.Target{}, fail(def, rel.Offset, "slot_target", "initialiser %q is in no section", sym.Name)
	}
	pos, err := r.position(sym, rel)
	if err != nil {
		return mapdef.Target{}, fail(def, rel.Offset, "slot_target", "initialiser %q: %w", sym.Name, err)
	}
	if def.Type == progArray {
		if i, ok := r.programAt(int(sym.Section), pos); ok {
			return mapdef.Target{Kind: mapdef.TargetProgram, Index: i}, nil
		}
		return mapdef.Target{}, fail(def, rel.Offset, "slot_target", "initialiser %s is not a program that can be loaded",
			r.describe(sym, pos))
	}
	found := -1
	for i := r.after(int(sym.Section), pos) - 1; i >= 0 && r.starts[i].section == int(sym.Section) && r.starts[i].offset == pos; i-- {
		if n := r.starts[i].def; !r.defs[n].Internal {
			found = n // the first of those that begin here: starts are in their order
		}
	}
	if found >= 0 {
		return mapdef.Target{Kind: mapdef.TargetMap, Index: found}, nil
	}
	return mapdef.Target{}, fail(def, rel.Offset, "slot_target", "initialiser %s is not a map", r.describe(sym, pos))
}

// position is the symbol's value plus the addend: in the entry (RELA) or in the
// 8 bytes at the patched place (REL), where clang puts it for section symbols.
func (r *resolver) position(sym *mapdef.Symbol, rel mapdef.Reloc) (uint64, error) {
	if rel.HasAddend {
		return sym.Value + uint64(rel.Addend), nil
	}
	// Sections[Table].Info is the patched section.
	patched := &r.f.Sections[r.f.Sections[rel.Table].Info]
	b, ok := mapdef.Span(patched.Data, rel.Offset, mapdef.PointerSize)
	if !ok {
		return 0, errors.New("the pointer is outside the section's bytes")
	}
	return rel.PointerBase(sym) + r.f.Order.Uint64(b), nil
}

func (r *resolver) describe(sym *mapdef.Symbol, pos uint64) string {
	if sym.Name != "" && sym.Value == pos {
		return fmt.Sprintf("%q", sym.Name)
	}
	return fmt.Sprintf("at offset %#x of section %q", pos, r.f.Sections[sym.Section].Name)
}
