package legacymaps

import (
	"fmt"
	"slices"

	"github.com/bpfload/bpfload/internal/mapdef"
)

// parser carries one reading of one object.
type parser struct {
	f         *mapdef.File
	opts      Options
	chosen    *dialect // the caller's, nil to detect
	table     []dialect
	vars      *varIndex // nil without BTF
	facts     *facts
	recs      []*record        // one per definition, in the order of defs
	names     map[string]int   // every name and alias: index in defs; looked up only
	ids       map[uint32][]int // iproute2 ids: indices in defs; looked up only
	pathBytes uint64           // of the pin paths of goebpf definitions
	defs      []mapdef.Def
	warns     []mapdef.Warning
}

// Parse reads every legacy map definition of an object, in definition order:
// sections by index, definitions by offset. Without such a section it returns
// nothing. Def.InnerMap and the targets of Def.Slots index the returned list.
//
// Errors are *mapdef.Error of stage read; an unknown Options.Dialect is wrong
// usage. Nothing of the result shares memory with f but Def.Tail.
func Parse(f *mapdef.File, opts Options) (defs []mapdef.Def, warns []mapdef.Warning, err error) {
	none := !hasSection(f)
	if none && (opts.Dialect == "" || opts.Dialect == Auto) {
		return nil, nil, nil // before the table is made
	}
	p := &parser{f: f, opts: opts, table: dialectTable()}
	if p.chosen, err = p.chosenDialect(); err != nil {
		return nil, nil, err
	}
	if none {
		return nil, nil, nil
	}
	p.vars = indexVars(f.BTF)
	groups, warns, err := readGroups(f, p.vars)
	if err != nil || len(groups) == 0 {
		return nil, nil, err
	}
	p.warns = warns
	p.facts = readFacts(f)
	firsts, all := make([]int, len(groups)), 0
	for i := range groups {
		all += len(groups[i].elems)
	}
	if all > maxMaps {
		return nil, nil, &mapdef.Error{Stage: mapdef.StageRead, Code: "too_many_maps", Section: groups[len(groups)-1].sec.Name,
			Err: fmt.Errorf("%d definitions are more than the %d that an object may have", all, maxMaps)}
	}
	p.recs, p.defs = make([]*record, 0, all), make([]mapdef.Def, 0, all)
	choices, err := p.detectAll(groups)
	if err != nil {
		return nil, nil, err
	}
	for i := range groups {
		firsts[i] = len(p.defs)
		if err := p.readGroup(&groups[i], &choices[i]); err != nil {
			return nil, nil, err
		}
	}
	if err := p.checkNames(); err != nil {
		return nil, nil, err
	}
	p.addSuffixes(groups, firsts)
	p.indexIDs()
	for i := range groups {
		if link := p.recs[firsts[i]].dialect.link; link != nil {
			if err := link(p, &groups[i], firsts[i]); err != nil {
				return nil, nil, err
			}
		}
	}
	p.annotate()
	return p.defs, p.warns, nil
}

func hasSection(f *mapdef.File) bool {
	for i := range f.Sections {
		if isNamed(&f.Sections[i]) { // L41: empty ones, too
			return true
		}
	}
	return false
}

// readGroup reads the definitions of one section by the dialect that it has.
func (p *parser) readGroup(g *group, c *choice) error {
	if c.dialect.refuse != "" {
		return &mapdef.Error{Stage: mapdef.StageRead, Code: "refused_dialect", Section: g.sec.Name, Err: fmt.Errorf("%s (%s)", c.dialect.refuse, c.evidence)}
	}
	if err := refuseRelocs(p.f, g, c.dialect); err != nil {
		return err
	}
	if c.dialect.name == dAndroid {
		if err := p.checkStride(g); err != nil {
			return err
		}
	}
	for i := range g.elems {
		e := &g.elems[i]
		r, err := decode(p.f, e, c.dialect, c.layout(i, e.size), p.opts.Relaxed)
		if err != nil {
			return err
		}
		d, err := p.define(r, c.evidence)
		if err != nil {
			return err
		}
		p.recs, p.defs = append(p.recs, r), append(p.defs, d)
	}
	return nil
}

// layout is the one to decode element i by: the BTF struct's, unless the caller
// has named a dialect to which the struct does not belong (L110, L112).
func (c *choice) layout(i int, size uint64) *layout {
	s := &c.structs[i]
	if s.layout.size != 0 && (!c.forced || byNames(s).dialect == c.dialect.name) {
		return &s.layout
	}
	return layoutFor(c.dialect.layouts, size)
}

// define makes the definition from what its fields say by themselves.
func (p *parser) define(r *record, evidence string) (mapdef.Def, error) {
	e := r.elem
	d := mapdef.Def{
		Name: e.name, Aliases: e.aliases, Section: e.sec.Name, SectionIndex: e.sec.Index, Offset: e.off, Size: e.size, Static: e.static,
		Dialect: r.dialect.name, Evidence: evidence,
		Type: r.word(fType), KeySize: r.word(fKeySize), ValueSize: r.word(fValueSize), MaxEntries: r.word(fMaxEntries),
		Flags: r.word(fFlags), InnerMap: mapdef.NoMap, Tail: r.tail, Ext: r.ext(),
	}
	if d.Type == 0 || d.Type > maxType {
		err := r.failf("map_type", r.at(fType), "map type %d does not exist", d.Type)
		err.Hint = "The bytes may be no map definition (BCC's tables, annotations) or another dialect's: see --dialect."
		return d, err
	}
	if r.word(fZero) != 0 {
		return d, r.failf("unknown_field", r.at(fZero), "field that must be zero holds 0x%x", r.word(fZero))
	}
	if mapOfMaps(d.Type) {
		d.ValueSize = 4 // L18
	}
	if d.Type == typePerfEventArray {
		p.perfSize(e, "key", &d.KeySize)
		p.perfSize(e, "value", &d.ValueSize)
	}
	if d.Flags&flagNumaNode != 0 {
		d.NumaNode = r.word(fNumaNode) // L33
	}
	if r.dialect.define == nil {
		return d, nil
	}
	err := r.dialect.define(p, r, &d)
	return d, err
}

// perfSize gives a perf event array the only size that a kernel takes, in bytes;
// many objects say 0 or the size of what they write into it.
func (p *parser) perfSize(e *element, field string, size *uint32) {
	const fixed = 4
	if *size != 0 && *size != fixed {
		p.warn("fixed_size", e, fmt.Sprintf("%s size %d of %q is not used: a perf event array has %d", field, *size, e.name, fixed))
	}
	*size = fixed
}

// ext lists the fields beyond the canonical ones, in layout order.
func (r *record) ext() []mapdef.ExtField {
	var list []mapdef.ExtField
	seen := [fieldCount]bool{}
	for _, fd := range r.layout.fields {
		if info := fieldInfos[fd.id]; info.ext && r.present(fd.id) && !seen[fd.id] {
			seen[fd.id] = true
			list = append(list, mapdef.ExtField{Name: info.name, Value: r.val(fd.id), Text: r.text(fd.id)})
		}
	}
	return list
}

// addSuffixes makes the rest of "maps/NAME" a further name of a section's only
// map (L11), unless another map has it.
func (p *parser) addSuffixes(groups []group, firsts []int) {
	for i := range groups {
		g, d := &groups[i], &p.defs[firsts[i]]
		name := suffix(g.sec)
		if len(g.elems) != 1 || name == "" || d.Named(name) {
			continue
		}
		if other := p.named(name); other != mapdef.NoMap {
			p.warn("alias_taken", &g.elems[0], fmt.Sprintf("%q, the rest of the section's name, is no further name of the map: %q in section %q has it",
				name, p.defs[other].Name, p.defs[other].Section))
			continue
		}
		d.Aliases = append(slices.Clip(d.Aliases), name)
		p.names[name] = firsts[i]
	}
}

// named is the index of the definition with that name or alias, NoMap if none.
func (p *parser) named(name string) int {
	if i, ok := p.names[name]; ok {
		return i
	}
	return mapdef.NoMap
}

// checkNames holds L5: every name once in the object, .maps included.
func (p *parser) checkNames() error {
	modern := map[string]bool{}
	for i := range p.f.Symbols {
		s := &p.f.Symbols[i]
		if n := int(s.Section); n > 0 && n < len(p.f.Sections) && p.f.Sections[n].Name == btfSection && s.Name != "" {
			modern[s.Name] = true
		}
	}
	p.names = make(map[string]int, len(p.defs))
	for i := range p.defs {
		d := &p.defs[i]
		for _, name := range append([]string{d.Name}, d.Aliases...) {
			other, dup := p.names[name]
			section := btfSection
			if dup {
				section = p.defs[other].Section
			}
			if dup || modern[name] {
				return &mapdef.Error{Stage: mapdef.StageRead, Code: "duplicate_name", Section: d.Section, Symbol: name, Offset: mapdef.At(d.Offset),
					Err: fmt.Errorf("a map of that name is also defined in section %q", section)}
			}
			p.names[name] = i
		}
	}
	return nil
}

func (p *parser) warn(code string, e *element, why string) {
	p.warns = append(p.warns, mapdef.Warning{Code: code, Message: why, Map: e.name, Section: e.sec.Name, Offset: mapdef.At(e.off)})
}
