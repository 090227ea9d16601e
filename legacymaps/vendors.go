package legacymaps

import (
	"slices"

	"github.com/bpfload/bpfload/internal/mapdef"
)

// defineAya is L81 and, on request, L83.
func (p *parser) defineAya(r *record, d *mapdef.Def) error {
	switch r.val(fPinning) {
	case 0:
	case 1:
		d.Pinning = mapdef.PinByName
	default:
		return r.failf("pinning", r.at(fPinning), "pinning %d is neither 0 (none) nor 1 (by name)", r.val(fPinning))
	}
	if p.opts.AyaFixups && (d.Type == typeDevmap || d.Type == typeDevmapHash || d.Type == typeCPUMap) {
		d.ValueSize = 8
	}
	return nil
}

// defineAWS is L97: pinning 2 has a place, every other value has none.
func (p *parser) defineAWS(r *record, d *mapdef.Def) error {
	if r.val(fInnerMapFD) != 0 {
		return r.failf("inner_map_fd", r.at(fInnerMapFD), "inner_map_fd is %d, but no descriptor is open while a file is read", r.val(fInnerMapFD))
	}
	if r.val(fPinning) != 2 {
		return nil
	}
	name, err := r.pinName(p.opts.AWSPrefix + d.Name)
	if err != nil {
		return err
	}
	d.Pinning = mapdef.PinGlobal
	d.PinPath, err = r.pinPath("globals/aws/maps", name)
	return err
}

// InlinesVariables tells of objects whose loader, ir-keytable of v4l-utils, puts
// the value of a variable of .data or .bss where code takes its address: the
// decoder's parameters. defs are the object's definitions.
func InlinesVariables(defs []mapdef.Def) bool {
	return slices.ContainsFunc(defs, func(d mapdef.Def) bool { return d.Dialect == dLirc })
}
