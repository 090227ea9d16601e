package btfmaps

import (
	"cmp"
	"debug/elf"
	"errors"
	"fmt"
	"slices"
	"sort"

	"github.com/bpfload/bpfload/internal/mapdef"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

// variable is a member of the DATASEC.
type variable struct {
	rawbtf.Variable
	linked bool // a linker has written the DATASEC, so that offsets mean something
}

// place is where one definition stands.
type place struct {
	variable
	sym          *mapdef.Symbol // nil for a static variable without one
	section      *mapdef.Section
	offset, size uint64 // bytes; the offset is from the start of the section
	aliases      []string
}

func (at *place) fail(code string, err error) *mapdef.Error {
	return failAt(code, at.Name, at.offset, err)
}

// place finds the place of every variable and sorts them by it.
func (p *parser) place(vars []variable) error {
	p.places = make([]place, len(vars))
	for i := range vars {
		if err := p.placeOne(&p.places[i], &vars[i]); err != nil {
			return err
		}
	}
	byPlace := func(a, b place) int {
		return cmp.Or(cmp.Compare(a.section.Index, b.section.Index), cmp.Compare(a.offset, b.offset))
	}
	if !slices.IsSortedFunc(p.places, byPlace) {
		slices.SortStableFunc(p.places, byPlace)
	}
	return nil
}

// placeOne finds the place of one variable: its symbol's (D5), or without one,
// for static variables only, that of the DATASEC.
func (p *parser) placeOne(at *place, v *variable) (err error) {
	*at = place{variable: *v, size: uint64(v.Size), offset: uint64(v.Offset)}
	if v.Name == "" {
		return fail("nameless", "", fmt.Errorf("BTF variable %d has no name", v.Var)) // spec R39
	}
	sym, err := p.index.Find(sectionName, v.Variable)
	switch {
	case err != nil:
		return failAt("ambiguous_symbol", v.Name, at.offset, fmt.Errorf("%w, none at the place that BTF says", err))
	case sym != nil:
		at.sym, at.section, at.offset = sym, &p.file.Sections[sym.Section], sym.Value
		if sym.Size != 0 {
			at.size = sym.Size
		}
		return nil
	case v.Linkage == rawbtf.LinkExtern: // spec R42
		e := fail("extern_map", v.Name, errors.New("map is declared extern and defined nowhere"))
		e.Hint = "link the object with the one that defines the map (bpftool gen object)"
		return e
	case v.Linkage != rawbtf.LinkStatic:
		return fail("no_symbol", v.Name, errors.New("map variable has no symbol in the section")) // spec R31
	}
	at.section, err = p.onlySection(v.Name)
	return err
}

// onlySection is the `.maps` section of a variable that only the DATASEC places.
func (p *parser) onlySection(name string) (*mapdef.Section, error) {
	var only *mapdef.Section
	for i := range p.file.Sections {
		s := &p.file.Sections[i]
		if i == 0 || s.Name != sectionName || s.Size == 0 {
			continue
		}
		if only != nil {
			return nil, fail("no_symbol", name, errors.New("static map variable has no symbol that tells in which of several sections it is"))
		}
		only = s
	}
	if only == nil {
		return nil, fail("no_section", name, errors.New("map variable is in BTF, but the object has no such section"))
	}
	return only, nil
}

// checkPlaces checks extents (spec R40), joins variables of one type at one place,
// and refuses overlapping definitions and duplicate names.
func (p *parser) checkPlaces() error {
	kept := p.places[:0]
	for i := range p.places {
		at := &p.places[i]
		if at.offset > at.section.Size || at.size > at.section.Size-at.offset {
			return at.fail("out_of_section", fmt.Errorf("definition of 0x%x bytes ends outside of the section of 0x%x", at.size, at.section.Size))
		}
		if n := len(kept); n > 0 && kept[n-1].section == at.section {
			last := &kept[n-1]
			if at.offset == last.offset && at.Type == last.Type {
				if at.Name != last.Name { // else the DATASEC names it twice
					last.aliases = append(last.aliases, at.Name)
				}
				continue
			}
			if at.offset == last.offset || at.offset-last.offset < last.size {
				return at.fail("overlap", fmt.Errorf("definition overlaps that of %q at 0x%x", last.Name, last.offset))
			}
		}
		p.warnStale(at)
		kept = append(kept, *at)
	}
	p.places = kept
	return nil
}

// warnStale tells of a DATASEC whose offset is not the symbol's. clang writes 0
// for all but static variables; a linker should not (D5).
func (p *parser) warnStale(at *place) {
	if at.sym == nil || at.offset == uint64(at.Offset) || !at.linked && at.Linkage != rawbtf.LinkStatic {
		return
	}
	p.warnings = append(p.warnings, mapdef.Warning{
		Code: "stale_btf_offset", Map: at.Name, Section: sectionName, Offset: mapdef.At(at.offset),
		Message: fmt.Sprintf("BTF places map %q at 0x%x, its symbol at 0x%x; the symbol counts", at.Name, at.Offset, at.offset),
	})
}

// nameSymbols makes aliases of the symbols that have no variable of their own
// (spec R49), and refuses those that stand where no definition begins.
func (p *parser) nameSymbols() error {
	owner := make(map[string]*place) // on the stack, as long as it is small
	if len(p.places) > 8 {
		owner = make(map[string]*place, len(p.places))
	}
	if err := p.names(owner); err != nil {
		return err
	}
	for i := range p.file.Symbols {
		s := &p.file.Symbols[i]
		if !s.IsVariable(p.file) || p.file.Sections[s.Section].Name != sectionName {
			continue
		}
		at := p.at(int(s.Section), s.Value)
		other := owner[s.Name]
		switch {
		case at == nil:
			return failAt("unknown_symbol", s.Name, s.Value, errors.New("no map variable in BTF explains this symbol"))
		case other == nil:
			owner[s.Name] = at
			at.aliases = append(at.aliases, s.Name)
		case other != at:
			return failAt("duplicate_name", s.Name, s.Value, fmt.Errorf("another map of that name is at 0x%x", other.offset))
		}
	}
	return nil
}

// at is the place that begins there, nil if none does.
func (p *parser) at(section int, offset uint64) *place {
	i := sort.Search(len(p.places), func(i int) bool {
		at := &p.places[i]
		return at.section.Index > section || at.section.Index == section && at.offset >= offset
	})
	if i == len(p.places) || p.places[i].section.Index != section || p.places[i].offset != offset {
		return nil
	}
	return &p.places[i]
}

// names maps the name of every variable to its place; a name that has two is an error.
func (p *parser) names(owner map[string]*place) error {
	for i := range p.places {
		at := &p.places[i]
		for j := range 1 + len(at.aliases) {
			name := at.Name
			if j > 0 {
				name = at.aliases[j-1]
			}
			if other := owner[name]; other != nil && other != at {
				return failAt("duplicate_name", name, at.offset, fmt.Errorf("another map of that name is at 0x%x", other.offset))
			}
			owner[name] = at
		}
	}
	return nil
}

// static tells whether other files cannot see the map.
func (at *place) static() bool {
	return at.sym == nil || at.sym.Bind == elf.STB_LOCAL || at.sym.Hidden()
}
