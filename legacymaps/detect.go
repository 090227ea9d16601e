package legacymaps

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/bpfload/bpfload/internal/mapdef"
)

// choice is the dialect in force for one section.
type choice struct {
	dialect  *dialect
	evidence string
	forced   bool
	neutral  bool         // every dialect would read the same
	structs  []structInfo // by element; zero value where BTF does not tell
}

// detect decides the dialect of one section, in the order of L110 to L114.
func (p *parser) detect(g *group) (choice, error) {
	c := choice{structs: p.structs(g)}
	if err := p.refuseArrays(g, c.structs); err != nil {
		return c, err
	}
	if p.chosen != nil {
		c.dialect, c.evidence, c.forced = p.chosen, "named by the caller", true
		return c, nil
	}
	v := p.byShape(g)
	if v.dialect == "" {
		v = p.byContent(g, c.structs)
	}
	if v.dialect == "" {
		return c, ambiguous(g, v)
	}
	c.dialect, c.evidence, c.neutral = p.row(v.dialect), v.why, v.neutral
	return c, nil
}

// detectAll decides the dialect of every section. An object has one author: a
// section that every dialect would read the same has that of the others, where
// they are of one dialect and their definitions as long.
func (p *parser) detectAll(groups []group) ([]choice, error) {
	choices := make([]choice, len(groups))
	author := -1
	agreed := true
	for i := range groups {
		var err error
		if choices[i], err = p.detect(&groups[i]); err != nil {
			return nil, err
		}
		switch {
		case choices[i].neutral:
		case author < 0:
			author = i
		default:
			agreed = agreed && choices[i].dialect == choices[author].dialect
		}
	}
	if author < 0 || !agreed {
		return choices, nil
	}
	size := groups[author].elems[0].size
	for i := range choices {
		c := &choices[i]
		if c.neutral && !slices.ContainsFunc(groups[i].elems, func(e element) bool { return e.size != size }) {
			c.dialect = choices[author].dialect
			c.evidence += ", as in section " + groups[author].sec.Name + " (" + choices[author].evidence + ")"
		}
	}
	return choices, nil
}

// ambiguous is the error that lists candidates and the flag (L115).
func ambiguous(g *group, v verdict) error {
	e := &mapdef.Error{Stage: mapdef.StageRead, Code: "ambiguous_dialect", Section: g.sec.Name}
	if v.elem != nil {
		e.Symbol, e.Offset = v.elem.name, mapdef.At(v.elem.off+v.at)
	}
	if len(v.candidates) == 0 {
		e.Code, e.Err = "unknown_layout", text("unknown layout: "+v.why)
		e.Hint = "Name the dialect of the object's author with --dialect NAME."
		return e
	}
	e.Err = fmt.Errorf("dialect is ambiguous between %s: %s", strings.Join(v.candidates, ", "), v.why)
	e.Hint = "Choose one with --dialect NAME, NAME being one of: " + strings.Join(v.candidates, ", ") + "."
	return e
}

// structs finds each element's struct in BTF.
func (p *parser) structs(g *group) []structInfo {
	infos := make([]structInfo, len(g.elems))
	vars := p.vars.section(g.sec.Name)
	for i := range g.elems {
		e := &g.elems[i]
		for _, name := range append([]string{e.name}, e.aliases...) {
			v, ok := vars[name]
			if !ok {
				continue
			}
			s, ok := structOf(p.f.BTF, v)
			if ok && s.layout.size > e.size {
				p.warn("btf_size", e, fmt.Sprintf("BTF struct %s has %d bytes, the definition only %d: BTF is not used for it", s.name, s.layout.size, e.size))
				ok = false
			}
			if ok {
				infos[i] = s
			}
			break
		}
	}
	return infos
}

// refuseArrays holds L22.
func (p *parser) refuseArrays(g *group, structs []structInfo) error {
	for i := range g.elems {
		if structs[i].array != 0 {
			return arrayError(&g.elems[i], fmt.Sprintf("array of map definitions: BTF says %d of struct %s", structs[i].array, structs[i].name))
		}
	}
	if p.byShape(g).dialect != "" {
		return nil
	}
	for _, one := range oneOfEachSize(g.elems) {
		for i := range g.elems {
			many := &g.elems[i]
			if structs[i].layout.size != 0 || !many.sized || one.size < minElement || many.size <= one.size || many.size%one.size != 0 {
				continue
			}
			if n := many.size / one.size; !knownSize(many.size) || p.f.Order.Uint32(many.data[one.size:]) != 0 {
				return arrayError(many, fmt.Sprintf("array of map definitions: it is %d times as long as %q", n, one.name))
			}
		}
	}
	return nil
}

// maxSizes bounds how many sizes of definitions in one section are compared
// with each other: real sections have one or two.
const maxSizes = 8

// oneOfEachSize is the first definition of each size that a symbol gives.
func oneOfEachSize(elems []element) []*element {
	var list []*element
	for i := range elems {
		e := &elems[i]
		if e.sized && len(list) < maxSizes && !slices.ContainsFunc(list, func(o *element) bool { return o.size == e.size }) {
			list = append(list, e)
		}
	}
	return list
}

// knownSize tells whether some layout has that many bytes.
func knownSize(n uint64) bool {
	return slices.ContainsFunc(sizeRules[:], func(r sizeRule) bool { return r.size == n })
}

func arrayError(e *element, why string) error {
	err := e.fail("definition_array", e.off, why)
	err.Hint = "Code adds to the address of the first map, which no loader can follow: define each map as a variable of its own."
	return err
}

// byShape is L111: sections that only one dialect's objects have.
func (p *parser) byShape(g *group) verdict {
	all := func(size uint64) bool {
		return suffix(g.sec) != "" && !slices.ContainsFunc(g.elems, func(e element) bool { return e.size != size })
	}
	switch {
	case g.sec.Name == lircSection:
		return verdict{dialect: dLirc, why: "section " + lircSection}
	case p.facts.android != "":
		return verdict{dialect: dAndroid, why: "section " + p.facts.android}
	case p.pointerRelocs(g):
		return verdict{dialect: dGoebpf, why: "relocations at bytes 24 and 32 of definitions"}
	case p.facts.redbpf && !slices.ContainsFunc(g.elems, func(e element) bool { return e.size != 20 }):
		return verdict{dialect: dRedbpf, why: "section maps.ext"}
	case all(280):
		return verdict{dialect: dGobpf, why: "280-byte definition in a section maps/…"}
	case all(284):
		return verdict{dialect: dDatadog, why: "284-byte definition in a section maps/…"}
	}
	return verdict{}
}

// pointerRelocs tells whether every relocation of the definitions is where
// goebpf has a pointer, and there is one.
func (p *parser) pointerRelocs(g *group) bool {
	relocs := p.f.Relocs[g.sec.Index]
	for _, r := range relocs {
		at := g.at(r.Offset)
		if at < 0 {
			return false
		}
		if off := r.Offset - g.elems[at].off; off != 24 && off != 32 || g.elems[at].size < 40 {
			return false
		}
	}
	return len(relocs) > 0
}

// byContent judges every definition, by BTF names where there are any (L112),
// else by size and content (L114), and combines.
func (p *parser) byContent(g *group, structs []structInfo) verdict {
	all := verdict{neutral: true}
	var bare []*element
	for i := range g.elems {
		if structs[i].layout.size == 0 {
			bare = append(bare, &g.elems[i])
			continue
		}
		all = combine(all, byNames(&structs[i]))
	}
	if all.dialect == dAya {
		all = p.copiedForTC(g, structs, all)
	}
	slices.SortStableFunc(bare, func(a, b *element) int { return cmp.Compare(a.size, b.size) })
	for len(bare) > 0 {
		n := 1
		for n < len(bare) && bare[n].size == bare[0].size {
			n++
		}
		all = combine(all, p.bySize(&sizeCase{order: p.f.Order, facts: p.facts, size: bare[0].size, elems: bare[:n], named: suffix(g.sec) != ""}))
		bare = bare[n:]
	}
	return p.byTailCalls(g, structs, all)
}

// combine joins two verdicts of one section. A definite one stands against a
// neutral one; two that differ are ambiguous.
func combine(a, b verdict) verdict {
	switch {
	case a.dialect == "" && !a.neutral:
		return a // ambiguous already
	case b.dialect == "" && a.dialect != "" && slices.Contains(b.candidates, a.dialect):
		return a
	case b.dialect == "", a.dialect == "":
		return b
	case a.dialect == b.dialect || b.neutral:
		return a
	case a.neutral:
		return b
	}
	return verdict{why: a.why + "; but " + b.why, candidates: []string{a.dialect, b.dialect}}
}

// copiedForTC is ambiguity A4: some C projects use aya's struct for tc, where
// ids are set and pinning is 2.
func (p *parser) copiedForTC(g *group, structs []structInfo, v verdict) verdict {
	aya := p.row(dAya)
	for i := range g.elems {
		if structs[i].layout.size == 0 {
			continue
		}
		r, err := decode(p.f, &g.elems[i], aya, &structs[i].layout, true)
		if err == nil && (r.val(fID) != 0 || r.val(fPinning) > 1) {
			return verdict{dialect: dIproute2, why: v.why + fmt.Sprintf(", with id %d and pinning %d, which aya never has", r.val(fID), r.val(fPinning))}
		}
	}
	return v
}

// byTailCalls turns a neutral verdict into that of the loader whose tail-call
// sections the object has, when it has a program array to put them in.
func (p *parser) byTailCalls(g *group, structs []structInfo, v verdict) verdict {
	if !v.neutral || v.dialect != dLibbpf && v.dialect != dSamples {
		return v
	}
	d := p.row(dIproute2)
	for i := range g.elems {
		l := &structs[i].layout
		if l.size == 0 {
			l = &d.layouts[0]
		}
		r, err := decode(p.f, &g.elems[i], d, l, true)
		if err != nil || r.word(fType) != typeProgArray {
			continue
		}
		if name, ok := p.facts.tailIDs[r.word(fID)]; ok {
			return verdict{dialect: dIproute2, why: fmt.Sprintf("program array with id %d and section %q", r.word(fID), name)}
		}
		if p.facts.samplesRun != "" {
			return verdict{dialect: dSamples, why: fmt.Sprintf("program array and section %q", p.facts.samplesRun)}
		}
	}
	return v
}
