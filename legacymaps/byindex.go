package legacymaps

import "github.com/bpfload/bpfload/internal/mapdef"

// linkByIndex resolves inner_map_idx as the samples loader and DataDog do: the
// rank by offset in the same section, of an earlier map (L32, L75). There is no
// value for "unset", 0 is the first map. A definition too short to hold the
// field gets its inner map from the caller (L43).
func (p *parser) linkByIndex(g *group, first int) error {
	for i := range g.elems {
		d, r := &p.defs[first+i], p.recs[first+i]
		if !mapOfMaps(d.Type) || !r.present(fInnerMapIdx) {
			continue
		}
		n := uint64(r.word(fInnerMapIdx))
		ok := n < uint64(i)
		at := uint64(first) + n
		if p.opts.Relaxed {
			at = p.relaxedIndex(g, n, first)
			ok = at < uint64(len(p.defs)) && at != uint64(first+i)
		}
		if !ok {
			err := r.failf("inner_map_idx", r.at(fInnerMapIdx), "inner_map_idx %d names no earlier map of the section", n)
			err.Hint = "If the index counts prototypes that the host supplies, as katran's does, use --dialect katran; a later map is allowed when reading relaxed."
			return err
		}
		d.InnerMap = int(at)
	}
	return nil
}

// relaxedIndex is where a lenient reader looks: in the section, whatever comes
// first, else, in sections of one definition each ("maps/NAME"), among all
// definitions of the object, as the verifier PREVAIL counts.
// An index outside is the number of definitions.
func (p *parser) relaxedIndex(g *group, n uint64, first int) uint64 {
	switch count := uint64(len(g.elems)); {
	case n < count:
		return uint64(first) + n
	case count == 1 && suffix(g.sec) != "":
		return min(n, uint64(len(p.defs)))
	}
	return uint64(len(p.defs))
}

// katranTemplates is how many prototypes katran's loader takes.
const katranTemplates = 32

// linkKatran looks inner_map_idx up among the prototypes that the caller names
// (Options.InnerTemplates). Without a name the definition stays without inner
// map, and Ext tells the number.
func (p *parser) linkKatran(g *group, first int) error {
	for i := range g.elems {
		d, r := &p.defs[first+i], p.recs[first+i]
		if !mapOfMaps(d.Type) || !r.present(fInnerMapIdx) {
			continue
		}
		n := r.word(fInnerMapIdx)
		if n >= katranTemplates {
			return r.failf("inner_map_idx", r.at(fInnerMapIdx), "inner_map_idx %d names no prototype: there are at most %d", int32(n), katranTemplates)
		}
		name, ok := p.opts.InnerTemplates[n]
		if !ok {
			continue
		}
		if d.InnerMap = p.named(name); d.InnerMap == mapdef.NoMap || d.InnerMap == first+i {
			err := r.failf("inner_map_idx", r.at(fInnerMapIdx), "prototype %d, map %q, is not another map of the object", n, name)
			err.Kind = mapdef.ErrUsage
			return err
		}
	}
	return nil
}
