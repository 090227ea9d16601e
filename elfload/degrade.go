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
	drop func(d *MapDef, needs string, a *bpfsys.MapAttr) bool
}

// degradations in the order in which the kernel learnt them, youngest first.
var degradations = [...]degradation{
	{"not_mmapable", "the kernel does not let user space map arrays (Linux 5.5 does): the map is created without BPF_F_MMAPABLE",
		func(d *MapDef, _ string, a *bpfsys.MapAttr) bool { // R103
			had := d.Internal && a.Flags&flagMmapable != 0
			a.Flags &^= flagMmapable
			return had
		}},
	{"map_without_btf", "the kernel does not take these types for this map; it is created without them",
		func(_ *MapDef, needs string, a *bpfsys.MapAttr) bool { // R143, D11
			had := needs == "" && a.BTFFD != 0
			if had {
				a.BTFFD, a.KeyTypeID, a.ValueTypeID = 0, 0, 0
			}
			return had
		}},
	{"map_without_name", "the kernel does not know names of maps (Linux 4.15 does)",
		func(_ *MapDef, _ string, a *bpfsys.MapAttr) bool { // L12, R141
			had := a.Name != ""
			a.Name = ""
			return had
		}},
}

// attempts are the sets of degradations to try, least first: the bits are
// indices into degradations. A kernel that lacks the older of two features
// lacks the younger as well, but types may be refused for their own sake.
var attempts = [...]uint{0b001, 0b010, 0b011, 0b111}

// createDegraded tries again without what older kernels do not know.
func (l *loader) createDegraded(d *MapDef, needs string, a *bpfsys.MapAttr, cause error) (fd int, withBTF bool, err error) {
	if !errors.Is(cause, syscall.EINVAL) && !errors.Is(cause, syscall.E2BIG) && !errors.Is(cause, bpfsys.ENOTSUPP) {
		return noFD, false, cause
	}
	for _, set := range attempts {
		less := *a
		var warns []Warning
		complete := true
		for i := range degradations {
			if set&(1<<i) == 0 {
				continue
			}
			if degradations[i].drop(d, needs, &less) {
				warns = append(warns, Warning{Code: degradations[i].code, Map: d.Name, Section: d.Section,
					Message: fmt.Sprintf("%s (%v)", degradations[i].message, errnoOf(cause))})
			} else if i < 2 && set != 0b111 {
				complete = false // the same as a smaller set
			}
		}
		if !complete || len(warns) == 0 {
			continue
		}
		if fd, again := l.k.CreateMap(&less); again == nil {
			for _, w := range warns {
				l.warn(w)
			}
			return fd, less.BTFFD != 0, nil
		}
	}
	return noFD, false, cause
}
