package elfload

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/bpfload/bpfload/internal/bpfsys"
)

// HandoverOptions say what of a Collection another process is given.
type HandoverOptions struct {
	// Programs passes the programs too, after the maps.
	Programs bool
	// ReadOnly names maps whose descriptor cannot write: the receiver can
	// neither change them nor get a descriptor that can without privilege.
	ReadOnly []string
}

// Handover is a Collection made ready for another process: its descriptors in
// table order, their names, and the document that describes them. It is valid
// while the Collection is open.
type Handover struct {
	// FDs are the maps in table order, then the programs, then the links that are not
	// pinned, which would end with this process; maps that were not created and
	// programs that were not loaded are left out. Names are theirs; a link is called
	// links/NAME.
	FDs   []int
	Names []string
	// Numbers are what the variables BPF_MAP<n> say.
	Numbers []MapNumber

	doc   *Document
	warns []DocumentWarning
	maps  int     // how many of FDs are maps
	docFD []**int // where the document tells the number of FDs[i]
	own   []int   // descriptors that Close releases
	close func(fd int) error
}

// MapNumber is one BPF_MAP<n> variable: N, and the place in Handover.FDs.
type MapNumber struct {
	N  uint64
	At int
}

// handoverKernel is the part of bpf(2) that a handover needs beyond a load's.
type handoverKernel interface {
	MapByID(id, flags uint32) (fd int, err error)
	GetReadOnly(path string) (fd int, err error)
}

func (host) MapByID(id, flags uint32) (int, error) { return bpfsys.MapByID(id, flags) }
func (host) GetReadOnly(path string) (int, error)  { return bpfsys.ObjGet(path, bpfsys.FlagRdonly) }

// CheckHandover finds out before a load what Collection.Handover would refuse.
func (p *Plan) CheckHandover(o HandoverOptions) error {
	for _, name := range o.ReadOnly {
		i, ok := p.Object.MapIndex(name)
		if !ok || !p.Maps[i].Create {
			return handoverError(ErrUsage, "no_such_map", name, fmt.Errorf("there is no such map to pass read-only"))
		}
	}
	return nil
}

func handoverError(kind error, code, symbol string, err error) *Error {
	return &Error{Stage: StagePin, Kind: kind, Code: code, Symbol: symbol, Errno: errnoOf(err), Err: err}
}

// Handover gets the collection's descriptors ready to be passed. The caller
// closes it, which leaves the collection as it is.
func (c *Collection) Handover(o HandoverOptions) (_ *Handover, err error) {
	if err := c.Plan.CheckHandover(o); err != nil {
		return nil, err
	}
	h := &Handover{doc: c.Document(), close: c.kernel.Close}
	defer func() {
		if err != nil {
			err = joined([]error{err, h.Close()})
		}
	}()
	readOnly := make(map[int]bool, len(o.ReadOnly))
	for _, name := range o.ReadOnly {
		i, _ := c.Plan.Object.MapIndex(name)
		readOnly[i] = true
	}
	for i := range c.MapData {
		m := &c.MapData[i]
		if m.FD < 0 {
			continue
		}
		fd := m.FD
		if readOnly[i] {
			if fd, err = c.reopenReadOnly(m); err != nil {
				return nil, err
			}
			h.own = append(h.own, fd)
			h.doc.Maps[i].ReadOnly = true
		}
		h.add(fd, m.Name, &h.doc.Maps[i].FD)
	}
	h.maps = len(h.FDs)
	h.number(c)
	for i := range c.Programs {
		p := &c.Programs[i]
		switch {
		case p.FD < 0:
		case o.Programs:
			h.add(p.FD, p.Name, &h.doc.Programs[i].FD)
		default:
			h.doc.Programs[i].FD = nil
		}
	}
	for i := range c.Links {
		if l := &c.Links[i]; l.FD >= 0 && !c.pinned(l) {
			h.add(l.FD, linkFDName+l.Name, &h.doc.Links[i].FD)
		} else {
			h.doc.Links[i].FD = nil
		}
	}
	return h, nil
}

// linkFDName begins the names of links among passed descriptors: no map and no
// program has a slash in its name.
const linkFDName = "links/"

func (h *Handover) add(fd int, name string, field **int) {
	h.FDs = append(h.FDs, fd)
	h.Names = append(h.Names, name)
	h.docFD = append(h.docFD, field)
}

// Warnings are what the handover has to tell beyond the collection's warnings;
// the document has them, too.
func (h *Handover) Warnings() []DocumentWarning { return h.warns }

// Close releases what Collection.Handover opened. A second call does nothing.
func (h *Handover) Close() error {
	var errs []error
	for _, fd := range h.own {
		errs = append(errs, h.close(fd))
	}
	h.own = nil
	return errors.Join(errs...)
}

// Line is the document in one line of JSON, with "fd" counted from first.
func (h *Handover) Line(first int) ([]byte, error) {
	for i, field := range h.docFD {
		n := first + i
		*field = &n
	}
	return h.doc.Line()
}

// reopenReadOnly is a second descriptor of the map that cannot write: by the
// map's id, or by its pin where the kernel does not open ids for the caller.
func (c *Collection) reopenReadOnly(m *MapData) (int, error) {
	fd, err := c.kernel.MapByID(m.ID, bpfsys.FlagRdonly)
	if err == nil {
		return fd, nil
	}
	if path := m.Def.PinPath; path != "" {
		if fd, again := c.kernel.GetReadOnly(path); again == nil {
			info, again := c.kernel.MapInfo(fd)
			if again == nil && info.ID == m.ID {
				return fd, nil
			}
			err = errors.Join(err, again, c.kernel.Close(fd))
		}
	}
	e := handoverError(kindOf(err), "read_only", m.Name, fmt.Errorf("it cannot be opened read-only: %w", err))
	if e.Kind == ErrPrivilege {
		e.Hint = "opening a map by its id takes CAP_SYS_ADMIN; a pinned map (--pin) can be opened without"
	}
	return noFD, e
}

// number settles BPF_MAP<n>: n is the id of an iproute2 definition that has one,
// else the table index. Where two maps have one number, an id counts before an
// index and a lower index before a higher one; the other map gets none, with a
// warning.
func (h *Handover) number(c *Collection) {
	taken := make(map[uint64]string)
	claim := func(at int, m *MapData, n uint64) {
		if other, ok := taken[n]; ok {
			h.warns = append(h.warns, DocumentWarning{Code: "bpf_map_number", Map: Text(m.Name),
				Message: fmt.Sprintf("BPF_MAP%d names %s already: this map has no such variable", n, strconv.Quote(other))})
			return
		}
		taken[n] = m.Name
		h.Numbers = append(h.Numbers, MapNumber{N: n, At: at})
	}
	for _, explicit := range []bool{true, false} {
		at := 0
		for i := range c.MapData {
			m := &c.MapData[i]
			if m.FD < 0 {
				continue
			}
			id, has := m.Def.ExtValue("id")
			if has = has && id.Value != 0 && strings.HasPrefix(m.Def.Dialect, "iproute2"); has == explicit {
				n := uint64(i)
				if has {
					n = id.Value
				}
				claim(at, m, n)
			}
			at++
		}
	}
	h.doc.Warnings = append(h.doc.Warnings, h.warns...)
	slices.SortFunc(h.Numbers, func(a, b MapNumber) int { return a.At - b.At })
}
