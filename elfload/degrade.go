package elfload

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/bpfload/bpfload/internal/bpfsys"
)

// A degradation is something that a map can do without and that kernels have
// not always had. Each is tried only after the kernel has refused the map, and
// each that is made is a warning.
type degradation struct {
	code, message string
	// drop takes it from the attributes; false if it is not there, or if the
	// map cannot do without it.
	drop func(l *loader, d *MapDef, needs string, a *bpfsys.MapAttr) bool
}

// degradations in the order in which the kernel learnt them, youngest first.
var degradations = [...]degradation{
	{"not_mmapable", "the kernel does not let user space map arrays (Linux 5.5 does): the map is created without BPF_F_MMAPABLE",
		func(_ *loader, d *MapDef, _ string, a *bpfsys.MapAttr) bool { // R103
			had := d.Internal && a.Flags&flagMmapable != 0
			a.Flags &^= flagMmapable
			return had
		}},
	{"map_without_btf", "the kernel does not take these types for this map; it is created without them",
		func(_ *loader, _ *MapDef, needs string, a *bpfsys.MapAttr) bool { // R143, D11
			had := needs == "" && a.BTFFD != 0
			if had {
				a.BTFFD, a.KeyTypeID, a.ValueTypeID = 0, 0, 0
			}
			return had
		}},
	{"map_without_name", "the kernel does not know names of maps (Linux 4.15 does)",
		func(l *loader, _ *MapDef, _ string, a *bpfsys.MapAttr) bool { // L12, R141
			had := a.Name != "" && l.btf == noFD // a kernel with BTF (4.18) has names
			a.Name = ""
			return had
		}},
}

// attempts are the sets of degradations to try, least first: the bits are
// indices into degradations. A set counts only if the map has all that it drops.
var attempts = [...]uint{0b001, 0b010, 0b011, 0b100, 0b101}

// mayBeNew tells errors by which kernels refuse what they do not know.
func mayBeNew(err error) bool {
	return errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.E2BIG) || errors.Is(err, bpfsys.ENOTSUPP)
}

// createDegraded tries again without what older kernels do not know. Of several
// refusals the first counts, and asked is what it was about; but one for another
// reason, such as memory, is what stands in the way (R143).
func (l *loader) createDegraded(d *MapDef, needs string, a *bpfsys.MapAttr, cause error) (fd int, asked *bpfsys.MapAttr, err error) {
	if !mayBeNew(cause) {
		return noFD, a, cause
	}
	for _, set := range attempts {
		less, warns, ok := l.dropAll(set, d, needs, *a, cause)
		if !ok {
			continue
		}
		fd, again := l.k.CreateMap(&less)
		if again == nil {
			for _, w := range warns {
				l.warn(w)
			}
			return fd, &less, nil
		}
		if !mayBeNew(again) {
			return noFD, &less, again
		}
	}
	return noFD, a, cause
}

// dropAll applies one set of degradations; false if one of them does not apply.
func (l *loader) dropAll(set uint, d *MapDef, needs string, a bpfsys.MapAttr, cause error) (bpfsys.MapAttr, []Warning, bool) {
	var warns []Warning
	for i := range degradations {
		if set&(1<<i) == 0 {
			continue
		}
		if !degradations[i].drop(l, d, needs, &a) {
			return a, nil, false
		}
		warns = append(warns, Warning{Code: degradations[i].code, Map: d.Name, Section: d.Section,
			Message: fmt.Sprintf("%s (%v)", degradations[i].message, errnoOf(cause))})
	}
	return a, warns, true
}
