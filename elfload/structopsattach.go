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

	fd     int  // of the map, where there is no link
	found  bool // registered already, by whoever pinned the map
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

// release lets go of a registration that owns its descriptor; it is taken back
// unless it stays with a pinned map, or was there before.
func (s *StructOpsLink) release(stays bool) error {
	var err error
	if !stays && !s.found {
		err = s.Close()
	}
	s.closed = true
	return errors.Join(err, s.kernel.Close(s.fd))
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
	// A map with BPF_F_LINK keeps its value, so that one which was attached before
	// has it already.
	r := registration{kernel: c.kernel, m: m, image: image, fd: c.MapData[i].FD, mayHave: c.MapData[i].Reused || m.Flags&flagLink != 0,
		program: func(i int) int { return c.Programs[i].FD }, plan: c.Plan}
	return r.register()
}

// registration is what it takes to register a struct_ops map.
type registration struct {
	kernel  kernel
	plan    *Plan
	m       *PlannedMap
	image   *structImage
	fd      int
	mayHave bool            // the map may have its value already, as one from a pin
	program func(i int) int // the descriptor of a program, noFD for none
}

func (r *registration) register() (*StructOpsLink, error) {
	found, err := r.write()
	if err != nil {
		return nil, err
	}
	s := &StructOpsLink{FD: noFD, fd: r.fd, found: found, kernel: r.kernel}
	if r.m.Flags&flagLink == 0 {
		return s, nil
	}
	if s.FD, err = r.kernel.LinkStructOps(r.fd); err != nil {
		return nil, structOpsRefused(r.m, fmt.Errorf("the kernel does not register it: %w", err))
	}
	return s, nil
}

// write gives the map its value, which registers it unless it is to have a link;
// found tells that it had one.
func (r *registration) write() (found bool, err error) {
	value := append([]byte(nil), r.image.value...)
	for _, at := range r.image.members {
		fd := r.program(at.program)
		if fd == noFD {
			e := structOpsError(r.m, ErrUsage, fmt.Errorf("program %q, its member %q, was not loaded", r.plan.Programs[at.program].Name, at.name))
			e.Stage, e.Code = StageValue, "not_loaded"
			return false, e
		}
		at8, _ := mapdef.Span(value, at.offset, mapdef.PointerSize) // checked by the layout
		hostOrder.PutUint64(at8, uint64(fd))
	}
	err = r.kernel.UpdateMap(r.fd, make([]byte, 4), value, 0)
	if errors.Is(err, syscall.EBUSY) && r.mayHave {
		return true, nil
	}
	if err != nil {
		return false, structOpsRefused(r.m, fmt.Errorf("the kernel does not take its value: %w", err))
	}
	return false, nil
}

func structOpsRefused(m *PlannedMap, err error) error {
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
