package elfload

import (
	"fmt"
	"syscall"

	"github.com/bpfload/bpfload/internal/bpfsys"
)

// recordedLink is a link of a recorder, by the descriptor that made it.
type recordedLink struct {
	typ        bpfsys.LinkType
	attachType uint32
	place      uint64
	prog       int // the object that it runs
}

// LinkPlace: places are as many as their names are long; "missing" is not there.
func (r *recorder) LinkPlace(kind placeKind, place string) (uint64, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.call("link_place", nil, " %d %s", kind, place); err != nil {
		return 0, err
	}
	if place == "missing" {
		return 0, fmt.Errorf("no such place")
	}
	return uint64(len(place)), nil
}

func (r *recorder) AttachLink(prog int, s linkSpec) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.uses(prog)
	if s.mapFD != noFD {
		r.uses(s.mapFD)
	}
	if err := r.call("attach", s.kind, " %s to %s:%s as %d", r.fds[prog], s.kind, s.place, s.attachType); err != nil {
		return noFD, err
	}
	fd := r.open("link " + s.kind)
	r.links[fd] = &recordedLink{linkTypes[s.kind], s.attachType, s.number, r.fdObj[prog]}
	return fd, nil
}

func (r *recorder) UpdateLink(l, fd int) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.uses(l)
	r.uses(fd)
	if err := r.call("link_update", nil, " %s to %s", r.fds[l], r.fds[fd]); err != nil {
		return err
	}
	r.links[r.fdObj[l]].prog = r.fdObj[fd]
	return nil
}

func (r *recorder) LinkInfo(fd int) (bpfsys.LinkInfo, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.uses(fd)
	if err := r.call("link_info", nil, " %s", r.fds[fd]); err != nil {
		return bpfsys.LinkInfo{}, err
	}
	l, ok := r.links[r.fdObj[fd]]
	if !ok {
		return bpfsys.LinkInfo{}, syscall.EINVAL
	}
	return bpfsys.LinkInfo{Type: l.typ, ID: uint32(r.fdObj[fd]), ProgID: uint32(l.prog), Place: l.place, AttachType: l.attachType}, nil
}
