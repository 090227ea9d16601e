package elfload

import (
	"errors"

	"github.com/bpfload/bpfload/internal/bpfsys"
)

// Link is one attachment of a Collection.
type Link struct {
	Index int
	Name  string
	// FD is open until the Collection is closed, and close-on-exec; closing it
	// detaches unless the link is pinned. -1 where nothing was attached, because
	// the program was not loaded, and for struct_ops maps that have no link.
	FD int
	// ID is the kernel's id of the link, 0 where there is none.
	ID  uint32
	Def *PlannedLink
	// Reused: the link was there already, pinned, and runs the new program now.
	Reused bool

	ops *StructOpsLink // a registration without a link
}

// linkKernel is the part of a kernel that attaches.
type linkKernel interface {
	// LinkPlace is the number of a place: an interface's index, a cgroup's id, the
	// inode of a network namespace.
	LinkPlace(kind placeKind, place string) (uint64, error)
	// AttachLink makes a link. The caller owns the descriptor.
	AttachLink(prog int, s linkSpec) (fd int, err error)
	// UpdateLink has a link run another program, or be of another struct_ops map.
	UpdateLink(link, fd int) error
	LinkInfo(fd int) (bpfsys.LinkInfo, error)
}

// linkSpec is a link as the kernel is asked for it.
type linkSpec struct {
	kind, place string
	number      uint64 // of the place, LinkPlace's
	attachType  uint32
	mapFD       int // where the place is a map, else noFD
}

func (host) UpdateLink(link, fd int) error            { return bpfsys.LinkUpdate(link, fd) }
func (host) LinkInfo(fd int) (bpfsys.LinkInfo, error) { return bpfsys.GetLinkInfo(fd) }

// pinned tells whether the attachment outlives its Collection.
func (c *Collection) pinned(l *Link) bool {
	return l.Def.PinPath != "" || l.Def.Map >= 0 && c.Plan.Maps[l.Def.Map].PinPath != ""
}

// closeLink detaches what is not pinned.
func (c *Collection) closeLink(l *Link) error {
	var err error
	if l.ops != nil {
		err = l.ops.release(c.pinned(l))
		l.ops = nil
	}
	if l.FD > 2 {
		err = errors.Join(err, c.kernel.Close(l.FD))
		l.FD = noFD
	}
	return err
}

// abandon closes a Collection that nobody gets: nothing of it may stay attached.
func (c *Collection) abandon() error {
	var errs []error
	for i := range c.Links {
		if l := &c.Links[i]; l.ops != nil {
			errs = append(errs, l.ops.release(false))
			l.ops = nil
		}
	}
	return errors.Join(append(errs, c.Close())...)
}
