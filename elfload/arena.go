package elfload

import (
	"debug/elf"
	"fmt"
	"math"

	"github.com/cilium/ebpf"

	"github.com/bpfload/bpfload/internal/mapdef"
)

// arenaSection holds the variables that live in the arena: address space 1.
const arenaSection = ".addr_space.1"

func isArena(t uint32) bool { return t == uint32(ebpf.Arena) }

// placeArenaData gives the arena its variables. Two arenas are an error only
// where it is not clear which one has the variables (R115); variables without an
// arena are told, and an error of the programs that use them (R116).
func placeArenaData(f *mapdef.File, defs []mapdef.Def) ([]mapdef.Warning, error) {
	var sec *mapdef.Section
	for i := range f.Sections {
		if s := &f.Sections[i]; s.Name == arenaSection && s.Size != 0 && (s.Type == elf.SHT_PROGBITS || s.Type == elf.SHT_NOBITS) && !s.Exec() {
			sec = s
			break
		}
	}
	if sec == nil {
		return nil, nil
	}
	var arena *mapdef.Def
	for i := range defs {
		d := &defs[i]
		switch {
		case !isArena(d.Type):
		case arena == nil:
			arena = d
		default:
			return nil, &Error{Stage: StageRead, Code: "two_arenas", Section: d.Section, Symbol: d.Name, Offset: mapdef.At(d.Offset),
				Err: fmt.Errorf("the object has two arenas, this and %q, so it is not clear which one the variables in section %q live in", arena.Name, arenaSection)}
		}
	}
	if arena == nil {
		return []mapdef.Warning{{Code: "no_arena", Section: sec.Name,
			Message: fmt.Sprintf("%d bytes of variables for an arena are left out: the object defines no map of type arena", sec.Size)}}, nil
	}
	arena.Contents, arena.DataSection = sec.Data, sec.Index
	var warns []mapdef.Warning
	if rel := f.Relocs[sec.Index]; len(rel) > 0 {
		warns = append(warns, mapdef.Warning{Code: "unrelocated_pointer", Map: arena.Name, Section: sec.Name, Offset: mapdef.At(rel[0].Offset),
			Message: fmt.Sprintf("%d pointers in initialised data stay as the compiler left them: an address of the kernel's is not known at load", len(rel))})
	}
	return warns, nil
}

// checkArena is R117: the variables must fit into the arena's pages.
func (p *Plan) checkArena(m *PlannedMap) error {
	if m.DataSection == 0 {
		return nil
	}
	size, page := p.Object.file.Sections[m.DataSection].Size, uint64(p.opts.PageSize)
	if size > math.MaxUint64-page {
		size = math.MaxUint64 - page
	}
	if pages := (size + page - 1) / page; pages > uint64(m.MaxEntries) {
		return mapError(&m.MapDef, "arena_size", fmt.Errorf("the %d bytes of section %q do not fit into its max_entries of %d pages", size, arenaSection, m.MaxEntries),
			fmt.Sprintf("make it larger with --map %s.max_entries=%d", m.Name, pages))
	}
	return nil
}
