package legacymaps

import (
	"cmp"
	"crypto/sha1"
	hexenc "encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/bpfload/bpfload/internal/mapdef"
)

// noInnerIdx in inner_idx is a template that is put in no slot (L53).
const noInnerIdx = 0xffffffff

// defineIproute2 is L56 and L57: where the definition asks to be pinned.
func (p *parser) defineIproute2(r *record, d *mapdef.Def) error {
	if r.val(fPinning) == 0 {
		return nil
	}
	name, err := r.pinName(d.Name)
	if err != nil {
		return err
	}
	dir := p.opts.ProgDir
	if dir == "" {
		dir = "tc"
	}
	switch n := r.word(fPinning); n {
	case 1:
		d.Pinning = mapdef.PinObject
		d.PinPath, err = r.pinPath(dir, p.objectID(), name)
	case 2:
		d.Pinning = mapdef.PinGlobal
		d.PinPath, err = r.pinPath(dir, "globals", name)
	default:
		place, ok := p.opts.PinTable[n]
		if !ok {
			p.warn("pin_unknown", r.elem, fmt.Sprintf("pinning %d is not in the pinning table: the map is not pinned", n))
			return nil
		}
		d.Pinning = mapdef.PinCustom
		d.PinPath, err = r.pinPath(strings.Trim(place, "/"), name)
	}
	return err
}

// objectID is the object's name in iproute2's object namespace: the SHA-1 of
// the whole file in lower-case hexadecimal (L57).
func (p *parser) objectID() string {
	if p.opts.ObjectID == "" {
		sum := sha1.Sum(p.f.Raw)
		p.opts.ObjectID = hexenc.EncodeToString(sum[:])
	}
	return p.opts.ObjectID
}

// linkIproute2 finds inner templates by id (L52, L54) and the slots that inner
// maps ask for (L53). A map of maps without inner_id stays without inner map: it
// may exist as a pin, or the caller names one.
func (p *parser) linkIproute2(g *group, first int) error {
	for i := range g.elems {
		d, r := &p.defs[first+i], p.recs[first+i]
		if !mapOfMaps(d.Type) || r.val(fInnerID) == 0 {
			continue
		}
		at := p.withID(r.word(fInnerID))
		switch {
		case at == mapdef.NoMap:
			return r.failf("inner_id", r.at(fInnerID), "no map has the id %d that inner_id asks for", r.word(fInnerID))
		case mapOfMaps(p.defs[at].Type):
			return r.failf("inner_id", r.at(fInnerID), "map %q with id %d is itself a map of maps, which cannot be an inner map", p.defs[at].Name, r.word(fInnerID))
		}
		d.InnerMap = at
		if err := p.fillIproute2(d, r); err != nil {
			return err
		}
	}
	return nil
}

// indexIDs notes the ids of iproute2 definitions.
func (p *parser) indexIDs() {
	p.ids = map[uint32][]int{}
	for i, r := range p.recs {
		if iproute2Family(r.dialect.name) {
			p.ids[r.word(fID)] = append(p.ids[r.word(fID)], i)
		}
	}
}

// withID is the first definition of the family with that id.
func (p *parser) withID(id uint32) int {
	if list := p.ids[id]; len(list) > 0 {
		return list[0]
	}
	return mapdef.NoMap
}

// fillIproute2 puts every map whose id is the outer map's inner_id in the slot
// of its inner_idx. Of two for one slot the later one stays, as in tc.
func (p *parser) fillIproute2(d *mapdef.Def, r *record) error {
	for _, i := range p.ids[r.word(fInnerID)] {
		in := p.recs[i]
		if in.val(fInnerID) != 0 || in.word(fInnerIdx) == noInnerIdx || mapOfMaps(p.defs[i].Type) {
			continue
		}
		slot := mapdef.Slot{Index: in.word(fInnerIdx), Target: mapdef.Target{Kind: mapdef.TargetMap, Index: i}}
		if d.KeySize != 4 {
			return r.failf("key_size", r.at(fKeySize), "key size is %d, but slots of a map of maps are numbered with 4 bytes", d.KeySize)
		}
		if d.Type == typeArrayOfMaps && slot.Index >= d.MaxEntries {
			return in.failf("slot_range", in.at(fInnerIdx), "inner_idx %d is outside map %q of %d entries", slot.Index, d.Name, d.MaxEntries)
		}
		d.Slots = append(d.Slots, slot)
	}
	slices.SortStableFunc(d.Slots, func(a, b mapdef.Slot) int { return cmp.Compare(a.Index, b.Index) })
	kept := d.Slots[:0]
	for _, s := range d.Slots {
		if n := len(kept); n > 0 && kept[n-1].Index == s.Index {
			p.warn("slot_replaced", p.recs[s.Target.Index].elem, fmt.Sprintf("slot %d of map %q is also asked for by %q: this map gets it",
				s.Index, d.Name, p.defs[kept[n-1].Target.Index].Name))
			kept = kept[:n-1]
		}
		kept = append(kept, s)
	}
	d.Slots = kept
	return nil
}
