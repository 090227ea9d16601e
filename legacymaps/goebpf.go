package legacymaps

import (
	"bytes"
	"path"
	"slices"

	"github.com/bpfload/bpfload/internal/mapdef"
)

// defineGoebpf makes the changes that goebpf makes to definitions (L87). Its two
// pointers are resolved by linkGoebpf.
func (p *parser) defineGoebpf(_ *record, d *mapdef.Def) error {
	switch d.Type {
	case typeProgArray, typePerfEventArray:
		d.ValueSize = 4
	case typeLPMTrie:
		d.Flags |= flagNoPrealloc
	}
	if d.KeySize == 0 && (d.Type == typeArray || d.Type == typeProgArray || d.Type == typePerfEventArray || d.Type == typeArrayOfMaps) {
		d.KeySize = 4
	}
	return nil
}

// linkGoebpf resolves the relocations of the definitions (L85, L86): the inner
// template and the pin path, which is absolute.
func (p *parser) linkGoebpf(g *group, first int) error {
	for _, rel := range p.f.Relocs[g.sec.Index] {
		if rel.Type == mapdef.R_BPF_NONE {
			continue
		}
		i := g.at(rel.Offset)
		if i < 0 {
			return &mapdef.Error{Stage: mapdef.StageRead, Code: "reloc_in_definition", Section: g.sec.Name, Offset: mapdef.At(rel.Offset),
				Err: text("relocation patches bytes that belong to no map definition (dialect " + dGoebpf + ")")}
		}
		d, r := &p.defs[first+i], p.recs[first+i]
		off := rel.Offset - r.elem.off
		target, err := p.pointer(g, r, rel)
		if err != nil {
			return err
		}
		switch {
		case r.present(fInnerMapDef) && off == r.at(fInnerMapDef):
			err = p.innerPointer(g, first, i, off, target)
		case r.present(fPersistentPath) && off == r.at(fPersistentPath):
			err = p.pathPointer(r, d, off, target)
		default:
			err = r.failf("reloc_in_definition", off, "relocation patches byte %d, where the definition has no pointer", off)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// place is a byte of a section.
type place struct {
	section int
	off     uint64
}

// pointer is where a pointer of a definition points: symbol value plus the
// addend, which stands in the field's 8 bytes with SHT_REL.
func (p *parser) pointer(g *group, r *record, rel mapdef.Reloc) (place, error) {
	off := rel.Offset - r.elem.off
	if rel.Type != mapdef.R_BPF_64_ABS64 && rel.Type != mapdef.R_BPF_64_64 {
		return place{}, r.failf("reloc_type", off, "relocation type %d is not that of a pointer", rel.Type)
	}
	sym := &p.f.Symbols[rel.Symbol]
	if int(sym.Section) >= len(p.f.Sections) || sym.Section == 0 {
		return place{}, r.failf("reloc_target", off, "pointer goes to symbol %q, which no section of the object defines", sym.Name)
	}
	addend := uint64(rel.Addend)
	if !rel.HasAddend {
		b, ok := mapdef.Span(g.sec.Data, rel.Offset, mapdef.PointerSize)
		if !ok {
			return place{}, r.failf("reloc_range", off, "relocation reaches past the section's end")
		}
		addend = p.f.Order.Uint64(b)
	}
	return place{int(sym.Section), sym.Value + addend}, nil
}

// innerPointer takes the template of definition i: an earlier one of the section.
func (p *parser) innerPointer(g *group, first, i int, off uint64, to place) error {
	r := p.recs[first+i]
	at := -1
	if to.section == g.sec.Index {
		at = g.at(to.off)
	}
	switch {
	case at < 0 || g.elems[at].off != to.off:
		return r.failf("reloc_target", off, "inner_map_def does not point to the start of a map definition")
	case at >= i:
		return r.failf("inner_map_def", off, "inner_map_def points to %q, which does not stand before the outer map", g.elems[at].name)
	}
	p.defs[first+i].InnerMap = first + at
	p.setExtText(first+i, fInnerMapDef, g.elems[at].name)
	return nil
}

// maxPath is PATH_MAX (include/uapi/linux/limits.h), with the NUL at the end.
const maxPath = 4096

// maxPaths bounds all paths of an object, in bytes: they may be the ends of one text.
const maxPaths = 8 << 20

// pathPointer takes the pin path: text up to NUL, absolute and clean.
func (p *parser) pathPointer(r *record, d *mapdef.Def, off uint64, to place) error {
	sec := &p.f.Sections[to.section]
	if sec.Exec() || to.off >= uint64(len(sec.Data)) {
		return r.failf("reloc_target", off, "persistent_path points outside the data of section %q", sec.Name)
	}
	s, _, ok := bytes.Cut(sec.Data[to.off:min(uint64(len(sec.Data)), to.off+maxPath)], []byte{0})
	if !ok && to.off+maxPath < uint64(len(sec.Data)) {
		return r.failf("pin_path", off, "persistent_path is longer than any path, which may have %d bytes", maxPath-1)
	}
	if !ok {
		return r.failf("reloc_target", off, "persistent_path points to text without a NUL in section %q", sec.Name)
	}
	name := string(s)
	if !path.IsAbs(name) || path.Clean(name) != name || name == "/" {
		return r.failf("pin_path", off, "pin path %q is not a clean absolute path", name)
	}
	if p.pathBytes += uint64(len(name)); p.pathBytes > maxPaths {
		return r.failf("pin_path", off, "the pin paths up to this one have more than %d bytes in all", maxPaths)
	}
	d.Pinning, d.PinPath = mapdef.PinCustom, name
	for i := range d.Ext {
		if d.Ext[i].Name == fieldInfos[fPersistentPath].name {
			d.Ext[i].Text = name
		}
	}
	return nil
}

func (p *parser) setExtText(def int, id fieldID, text string) {
	ext := p.defs[def].Ext
	for i := range ext {
		if ext[i].Name == fieldInfos[id].name {
			ext[i].Text = text
		}
	}
}

// PinStrings lists the sections that hold nothing but the pin paths of goebpf
// definitions, by index, ascending: they are no data maps (L88).
func PinStrings(f *mapdef.File, defs []mapdef.Def) []int {
	if !slices.ContainsFunc(defs, func(d mapdef.Def) bool { return d.Dialect == dGoebpf }) {
		return nil
	}
	var list []int
	seen := make([]bool, len(f.Sections))
	for i := range defs {
		if defs[i].Dialect != dGoebpf {
			continue
		}
		for _, rel := range f.Relocs[defs[i].SectionIndex] {
			if s := int(f.Symbols[rel.Symbol].Section); s > 0 && s < len(seen) && s != defs[i].SectionIndex {
				seen[s] = true
			}
		}
	}
	used := usedByCode(f)
	for i, s := range seen {
		if s && !used[i] {
			list = append(list, i)
		}
	}
	return list
}

// usedByCode marks the sections that instructions refer to.
func usedByCode(f *mapdef.File) []bool {
	used := make([]bool, len(f.Sections))
	for i := range f.Relocs {
		if !f.Sections[i].Exec() {
			continue
		}
		for _, r := range f.Relocs[i] {
			if s := int(f.Symbols[r.Symbol].Section); s < len(used) {
				used[s] = true
			}
		}
	}
	return used
}
