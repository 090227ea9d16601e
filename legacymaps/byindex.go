package legacymaps

import "github.com/bpfload/bpfload/internal/mapdef"

// linkByIndex resolves inner_map_idx as the samples loader and DataDog do: the
// rank by offset in the same section, of an earlier map (L32, L75). There is no
// value for "unset", 0 is the first map. A definition too short to hold the
// field gets its inner map from the caller (L43).
func (p *parser) linkByIndex(g *group, first int) error {
	for i := range g.elems {
		d, r := &p.defs[first+i], p.recs[first+i]
		if !mapOfMaps(d.Type) || !r.present[fInnerMapIdx] {
			continue
		}
		n := uint64(r.word(fInnerMapIdx))
		ok := n < uint64(i)
		if p.opts.Relaxed {
			ok = n < uint64(len(g.elems)) && n != uint64(i)
		}
		if !ok {
			err := r.failf("inner_map_idx", r.at[fInnerMapIdx], "inner_map_idx %d names no earlier map of the section", n)
			err.Hint = "If the index counts prototypes that the host supplies, as katran's does, use --dialect katran; a later map is allowed when reading relaxed."
			return err
		}
		d.InnerMap = first + int(n)
	}
	return nil
}

// katranTemplates is how many prototypes katran's loader takes.
const katranTemplates = 32

// linkKatran looks inner_map_idx up among the prototypes that the caller names
// (Options.InnerTemplates). Without a name the definition stays without inner
// map, and Ext tells the number.
func (p *parser) linkKatran(g *group, first int) error {
	for i := range g.elems {
		d, r := &p.defs[first+i], p.recs[first+i]
		if !mapOfMaps(d.Type) || !r.present[fInnerMapIdx] {
			continue
		}
		n := r.word(fInnerMapIdx)
		if n >= katranTemplates {
			return r.failf("inner_map_idx", r.at[fInnerMapIdx], "inner_map_idx %d names no prototype: there are at most %d", int32(n), katranTemplates)
		}
		name, ok := p.opts.InnerTemplates[n]
		if !ok {
			continue
		}
		if d.InnerMap = p.named(name); d.InnerMap == mapdef.NoMap || d.InnerMap == first+i {
			err := r.failf("inner_map_idx", r.at[fInnerMapIdx], "prototype %d, map %q, is not another map of the object", n, name)
			err.Kind = mapdef.ErrUsage
			return err
		}
	}
	return nil
}
