package legacymaps

import (
	"fmt"
	"strings"

	"github.com/bpfload/bpfload/internal/mapdef"
)

// defineGobpf is L72, for gobpf and DataDog: pinning below a namespace of the
// author's, under the section's name (gobpf) or the symbol's (DataDog, L11). What gobpf itself refuses to do (object namespace, a custom place
// without the caller's path) becomes a request without place and a warning,
// since pinning is on request only; with Strict it is an error.
func (p *parser) defineGobpf(r *record, d *mapdef.Def) error {
	name := d.Name
	if r.dialect.name == dGobpf {
		name = r.elem.sectionOrName()
	}
	switch r.val(fPinning) {
	case 1:
		d.Pinning = mapdef.PinObject
		return p.noPlace(r, "pinning 1 (object namespace) was never implemented by gobpf: its place is not known")
	case 2:
		d.Pinning = mapdef.PinGlobal
		if r.text(fNamespace) == "" {
			return r.failf("pin_namespace", r.at(fNamespace), "pinning 2 (global namespace) needs a namespace, which is empty")
		}
		file, err := r.pinName(name)
		if err != nil {
			return err
		}
		d.PinPath, err = r.pinPath(r.text(fNamespace), "globals", file)
		return err
	case 3:
		d.Pinning = mapdef.PinCustom
		place, ok := p.opts.PinPath[name]
		if !ok {
			place, ok = p.opts.PinPath[d.Name]
		}
		if !ok {
			return p.noPlace(r, fmt.Sprintf("pinning 3 (custom) needs a path for %q from the caller", name))
		}
		var err error
		d.PinPath, err = r.pinPath(strings.Trim(place, "/"))
		return err
	}
	return nil
}

func (p *parser) noPlace(r *record, why string) error {
	if p.opts.Strict {
		return r.failf("pin_place", r.at(fPinning), "%s", why)
	}
	p.warn("pin_place", r.elem, why)
	return nil
}
