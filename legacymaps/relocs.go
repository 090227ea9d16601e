package legacymaps

import (
	"cmp"
	"slices"

	"github.com/bpfload/bpfload/internal/mapdef"
)

// addReferences notes the offsets in definition sections that the code of one
// section loads the address of (L20): symbol value plus the addend, which stands
// in the instruction where the relocation does not carry it.
func (c *contents) addReferences(f *mapdef.File, code int, ours []bool) {
	for _, r := range f.Relocs[code] {
		sym := &f.Symbols[r.Symbol]
		n := int(sym.Section)
		if r.Type != mapdef.R_BPF_64_64 || n >= len(ours) || !ours[n] {
			continue
		}
		addend := uint64(r.Addend)
		if !r.HasAddend {
			insn, ok := mapdef.Span(f.Sections[code].Data, r.Offset, 8)
			if !ok {
				continue // the reader of programs refuses it
			}
			addend = uint64(int64(int32(f.Order.Uint32(insn[4:]))))
		}
		c.refs[n] = append(c.refs[n], sym.Value+addend)
	}
}

// refuseRelocs holds L23: nothing patches definitions but in a dialect that
// gives its relocations a meaning.
func refuseRelocs(f *mapdef.File, g *group, d *dialect) error {
	if d.relocs {
		return nil
	}
	for _, r := range f.Relocs[g.sec.Index] {
		if r.Type == mapdef.R_BPF_NONE {
			continue
		}
		e := &mapdef.Error{Stage: mapdef.StageRead, Code: "reloc_in_definition", Section: g.sec.Name, Offset: mapdef.At(r.Offset),
			Err:  text("relocation patches a map definition, which means nothing in dialect " + d.name),
			Hint: "Only goebpf definitions hold pointers (--dialect goebpf); maps with pointer members belong in section \".maps\"."}
		if at := g.at(r.Offset); at >= 0 {
			e.Symbol = g.elems[at].name
		}
		return e
	}
	return nil
}

// at is the index of the element whose slot holds the offset, -1 for none.
func (g *group) at(off uint64) int {
	i, found := slices.BinarySearchFunc(g.elems, off, func(e element, off uint64) int { return cmp.Compare(e.off, off) })
	if !found {
		i--
	}
	if i < 0 || off-g.elems[i].off >= g.elems[i].slot {
		return -1
	}
	return i
}
