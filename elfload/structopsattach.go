package elfload

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/bpfload/bpfload/internal/mapdef"
)

// StructOpsLink is a struct_ops map that is registered with the kernel.
type StructOpsLink struct {
	// FD is the link of a map in .struct_ops.link, which can be pinned and
	// updated; noFD, -1, for one in .struct_ops, which has none. It belongs to
	// the StructOpsLink.
	FD int

	fd     int // of the map, where there is no link
	kernel kernel
	closed bool
}

// Close takes the registration back. Without a link it must be called before
// the Collection is closed; if it is never called, the registration stays. A
// second call does nothing.
func (s *StructOpsLink) Close() error {
	if s.closed {
		return nil
	}
	s.closed = true
	if s.FD != noFD {
		return s.kernel.Close(s.FD)
	}
	return s.kernel.DeleteElem(s.fd, make([]byte, 4))
}

// AttachStructOps registers the struct_ops map of that name: its value, with the
// programs' descriptors in place of function pointers, is written to the kernel
// now and not at load (R127), and a map in .struct_ops.link gets a link. The
// caller closes the result. ErrUsage where there is no such map, or its
// programs were not loaded.
func (c *Collection) AttachStructOps(name string) (*StructOpsLink, error) {
	i, ok := c.Plan.Object.MapIndex(name)
	if !ok || c.Plan.Maps[i].StructOps == nil {
		return nil, &Error{Stage: StageValue, Kind: ErrUsage, Code: "map_unknown", Symbol: name, Err: errors.New("no struct_ops map has this name")}
	}
	m := &c.Plan.Maps[i]
	fail := func(code string, err error) *Error {
		e := structOpsError(m, ErrUsage, err)
		e.Stage, e.Code = StageValue, code
		return e
	}
	image := c.structOps[i]
	if c.closed || image == nil {
		return nil, fail("not_created", errors.New("the map was not created, or is closed"))
	}
	value := append([]byte(nil), image.value...)
	for _, at := range image.members {
		p := &c.Programs[at.program]
		if p.FD == noFD {
			return nil, fail("not_loaded", fmt.Errorf("program %q, its member %q, was not loaded", p.Name, at.name))
		}
		at8, _ := mapdef.Span(value, at.offset, mapdef.PointerSize) // checked by the layout
		hostOrder.PutUint64(at8, uint64(p.FD))
	}
	fd, linked := c.MapData[i].FD, m.Flags&flagLink != 0
	// A map with BPF_F_LINK keeps its value, so that one which was attached
	// before has it already: EBUSY.
	if err := c.kernel.UpdateMap(fd, make([]byte, 4), value, 0); err != nil && (!linked || !errors.Is(err, syscall.EBUSY)) {
		return nil, c.structOpsRefused(m, fmt.Errorf("the kernel does not take its value: %w", err))
	}
	s := &StructOpsLink{FD: noFD, fd: fd, kernel: c.kernel}
	if !linked {
		return s, nil
	}
	var err error
	if s.FD, err = c.kernel.LinkStructOps(fd); err != nil {
		return nil, c.structOpsRefused(m, fmt.Errorf("the kernel does not register it: %w", err))
	}
	return s, nil
}

func (c *Collection) structOpsRefused(m *PlannedMap, err error) error {
	e := loadError(StageValue, "struct_ops_attach", &m.MapDef, err)
	e.Err = err
	switch {
	case errors.Is(err, syscall.EEXIST):
		e.Hint = "something of this name is registered already"
	case errors.Is(err, syscall.EINVAL):
		e.Hint = "the kernel wants members to be set that are not, or has other rules for struct " + m.StructOps.TypeName
	}
	return e
}
