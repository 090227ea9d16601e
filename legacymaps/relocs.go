package legacymaps

import (
	"slices"

	"github.com/bpfload/bpfload/internal/mapdef"
)

// references lists the offsets in sec that code loads the address of (L20):
// symbol value plus the addend, which stands in the instruction where the
// relocation does not carry it. Ascending, each once.
func references(f *mapdef.File, sec *mapdef.Section) []uint64 {
	var refs []uint64
	for i := range f.Relocs {
		if !f.Sections[i].Exec() {
			continue
		}
		for _, r := range f.Relocs[i] {
			sym := &f.Symbols[r.Symbol]
			if r.Type != mapdef.R_BPF_64_64 || !sym.In(sec.Index) {
				continue
			}
			addend := uint64(r.Addend)
			if !r.HasAddend {
				insn, ok := mapdef.Span(f.Sections[i].Data, r.Offset, 8)
				if !ok {
					continue // the reader of programs refuses it
				}
				addend = uint64(int64(int32(f.Order.Uint32(insn[4:]))))
			}
			refs = append(refs, sym.Value+addend)
		}
	}
	slices.Sort(refs)
	return slices.Compact(refs)
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
	for i := range g.elems {
		if e := &g.elems[i]; off >= e.off && off-e.off < e.slot {
			return i
		}
	}
	return -1
}
