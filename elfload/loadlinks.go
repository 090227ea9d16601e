package elfload

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"syscall"

	"github.com/bpfload/bpfload/internal/bpfsys"
	"github.com/bpfload/bpfload/internal/mapdef"
)

// loadedLink is the state of one PlannedLink.
type loadedLink struct {
	fd    int
	id    uint32
	place uint64         // LinkPlace's
	ops   *StructOpsLink // a registration without a link
	// reused: fd is a link that is pinned already and attached to the same place.
	// update: it is to run the new program. old is what it ran, while that may have
	// to be put back; noFD for none.
	reused, update, updated bool
	old                     int
	// replaces: there is a pin of a link that cannot be updated, or is elsewhere.
	replaces bool
}

func newLoadedLinks(p *Plan) []loadedLink {
	links := make([]loadedLink, len(p.Links))
	for i := range links {
		links[i].fd, links[i].old = noFD, noFD
	}
	return links
}

// linkError is a refusal to attach.
func (p *Plan) linkError(l *PlannedLink, code string, err error) *Error {
	e := &Error{Stage: StageAttach, Kind: kindOf(err), Code: code, Symbol: l.Name, Errno: errnoOf(err), Err: err}
	if l.Program >= 0 {
		pr := &p.Programs[l.Program]
		e.Section, e.Symbol, e.Offset = pr.Section, pr.Name, mapdef.At(pr.Offset)
	}
	return e
}

// checkLinkPlaces looks for interfaces, cgroups and network namespaces before
// anything is created.
func (l *loader) checkLinkPlaces() error {
	for i := range l.links {
		li := &l.plan.Links[i]
		switch li.kind.place {
		case placeInterface, placeCgroup, placeNetNS:
			n, err := l.k.LinkPlace(li.kind.place, li.Place)
			if err != nil {
				e := l.plan.linkError(li, "attach_place", fmt.Errorf("%s: %w", Quote(li.Target()), err))
				e.Kind = pinKind(err)
				return e
			}
			l.links[i].place = n
		}
	}
	return nil
}

// makeLink attaches, or finds the link that does.
func (l *loader) makeLink(i int) error {
	li, st := &l.plan.Links[i], &l.links[i]
	if li.Program >= 0 && l.progs[li.Program].fd == noFD || li.Map >= 0 && l.maps[li.Map].fd == noFD {
		w := Warning{Code: "not_attached", Message: fmt.Sprintf("nothing is attached to %s: %q was not loaded", Quote(li.Target()), li.Name)}
		if li.Program >= 0 {
			w.Program = li.Name
		} else {
			w.Map = li.Name
		}
		l.warn(w)
		return nil
	}
	if li.PinPath != "" {
		if found, err := l.findLink(i); found || err != nil {
			return err
		}
	}
	if err := l.attachLink(i); err != nil {
		return err
	}
	if st.fd == noFD {
		return nil
	}
	info, err := l.k.LinkInfo(st.fd)
	if err != nil {
		return l.plan.linkError(li, "link_info", err)
	}
	st.id = info.ID
	l.trace("link %d %q: attached to %s, fd %d", i, li.Name, li.Target(), st.fd)
	return nil
}

// attachLink makes a new link.
func (l *loader) attachLink(i int) error {
	li, st := &l.plan.Links[i], &l.links[i]
	if li.Map >= 0 {
		return l.attachOps(i)
	}
	s := linkSpec{kind: li.Kind, place: li.Place, number: st.place, attachType: li.attachType, mapFD: noFD}
	if li.target != mapdef.NoMap {
		s.mapFD = l.maps[li.target].fd
	}
	fd, err := l.k.AttachLink(l.progs[li.Program].fd, s)
	if err != nil {
		e := l.plan.linkError(li, "attach", fmt.Errorf("the kernel does not attach it to %s: %w", Quote(li.Target()), err))
		e.Hint = attachHint(li, err)
		return e
	}
	st.fd = fd
	return nil
}

// attachOps registers a struct_ops map. Where that makes no link, a descriptor of
// its own is kept, with which it is taken back.
func (l *loader) attachOps(i int) error {
	li, st := &l.plan.Links[i], &l.links[i]
	r := l.registration(li.Map)
	if r.m.Flags&flagLink != 0 {
		ops, err := r.register()
		if err == nil {
			st.fd = ops.FD
		}
		return err
	}
	fd, err := l.k.Dup(r.fd)
	if err != nil {
		return l.plan.linkError(li, "attach", err)
	}
	r.fd = fd
	if st.ops, err = r.register(); err != nil {
		return joined([]error{err, l.k.Close(fd)})
	}
	return nil
}

func (l *loader) registration(m int) registration {
	return registration{kernel: l.k, plan: l.plan, m: &l.plan.Maps[m], image: l.ops.images[m], fd: l.maps[m].fd, mayHave: l.maps[m].reused,
		program: func(i int) int { return l.progs[i].fd }}
}

// attachHint says what the errno mostly means.
func attachHint(l *PlannedLink, err error) string {
	switch {
	case errors.Is(err, syscall.EBUSY), errors.Is(err, syscall.EEXIST):
		return "something else is attached there, and the place holds one only"
	case errors.Is(err, fs.ErrNotExist):
		return "this kernel has no such place, or was built without what it takes"
	case errors.Is(err, syscall.EPERM) && l.kind.form == "":
		return "it takes CAP_BPF and CAP_PERFMON, and a kernel with ftrace that allows it"
	}
	return ""
}

// linkTypes are the links that can be given another program, by kind; looked up only.
var linkTypes = map[string]bpfsys.LinkType{"xdp": bpfsys.LinkXDP, "xdp-native": bpfsys.LinkXDP, "xdp-generic": bpfsys.LinkXDP, "xdp-offload": bpfsys.LinkXDP,
	"tcx-ingress": bpfsys.LinkTCX, "tcx-egress": bpfsys.LinkTCX, "netkit-primary": bpfsys.LinkNetkit, "netkit-peer": bpfsys.LinkNetkit,
	"cgroup": bpfsys.LinkCgroup, "cgroup-ingress": bpfsys.LinkCgroup, "cgroup-egress": bpfsys.LinkCgroup, "netns": bpfsys.LinkNetNS,
	kindStructOps: bpfsys.LinkOps}

// findLink looks for the link's pin. A link at the same place that can be updated
// is taken, and gets the new program at the end of the load; any other is
// replaced by a new one then.
func (l *loader) findLink(i int) (found bool, err error) {
	li, st := &l.plan.Links[i], &l.links[i]
	fd, err := l.k.Get(li.PinPath)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, pinError(li.PinPath, err)
	}
	st.fd = fd
	info, err := l.k.LinkInfo(fd)
	if err != nil {
		e := pinError(li.PinPath, fmt.Errorf("it is not a link that can be used: %w", err))
		if errno := errnoOf(err); errno == 0 || errno == syscall.EINVAL {
			e.Kind = ErrIncompatiblePin
		}
		return false, e
	}
	if l.sameLink(i, info) {
		st.id, st.reused, st.update = info.ID, true, true
		if li.Map >= 0 {
			if st.update = !l.maps[li.Map].reused; st.update {
				r := l.registration(li.Map)
				_, err = r.write()
			}
		}
		l.trace("link %d %q: taken from %s, fd %d", i, li.Name, li.PinPath, fd)
		return true, err
	}
	st.replaces, st.fd = true, noFD
	return false, l.k.Close(fd)
}

// sameLink tells whether a pinned link is attached where the planned one is to be.
func (l *loader) sameLink(i int, info bpfsys.LinkInfo) bool {
	li := &l.plan.Links[i]
	want, ok := linkTypes[li.Kind]
	switch {
	case !ok || info.Type != want:
		return false
	case want == bpfsys.LinkOps:
		return true // of the struct that the definition names: the pin's map says so, or the kernel will
	case want != bpfsys.LinkXDP && info.AttachType != li.attachType:
		return false
	}
	return info.Place == l.links[i].place
}

// pinLink pins a new link; over an older pin under another name, which swapPins
// renames.
func (l *loader) pinLink(i int) error {
	li, st := &l.plan.Links[i], &l.links[i]
	if st.fd == noFD || st.reused {
		return nil
	}
	fail := func(err error) error {
		e := pinError(li.PinPath, err)
		e.Symbol = li.Name
		return e
	}
	dir := filepath.Dir(li.PinPath)
	if err := l.makeDirs(dir); err != nil {
		return fail(err)
	}
	path := li.PinPath
	if st.replaces {
		path = filepath.Join(dir, fmt.Sprintf("%s%d-%d", newPin, processID(), i))
	}
	if err := l.k.Pin(st.fd, path); err != nil {
		if errors.Is(err, syscall.EEXIST) {
			err = errPinAppeared
		}
		return fail(err)
	}
	l.pins = append(l.pins, path)
	if err := l.share(path, false); err != nil {
		return fail(err)
	}
	if st.replaces {
		l.renames = append(l.renames, pinSwap{from: path, to: li.PinPath})
	}
	return nil
}

// collectLinks hands the links over to the Collection.
func (l *loader) collectLinks(c *Collection) {
	c.Links = make([]Link, len(l.links))
	for i := range l.links {
		st := &l.links[i]
		c.Links[i] = Link{Index: i, Name: l.plan.Links[i].Name, Def: &l.plan.Links[i], FD: st.fd, ID: st.id, Reused: st.reused, ops: st.ops}
		st.fd, st.ops = noFD, nil
	}
}

// updateLinks gives links that are pinned already their new programs, one system
// call each: what they are attached to never sees neither or both.
func (l *loader) updateLinks(c *Collection) error {
	for i := range l.links {
		st, li := &l.links[i], &l.plan.Links[i]
		if !st.update {
			continue
		}
		info, err := l.k.LinkInfo(c.Links[i].FD)
		if err != nil {
			return l.plan.linkError(li, "link_info", err)
		}
		if st.old, err = l.before(li, info); err != nil {
			st.old = noFD
			c.Warnings = append(c.Warnings, Warning{Code: "link_before", Program: li.Name,
				Message: fmt.Sprintf("what the link pinned at %q ran before could not be opened, nor put back if the load had failed: %v", li.PinPath, err)})
		}
		fd := 0
		if li.Map >= 0 {
			fd = c.MapData[li.Map].FD
		} else {
			fd = c.Programs[li.Program].FD
		}
		if err := l.k.UpdateLink(c.Links[i].FD, fd); err != nil {
			return l.plan.linkError(li, "link_update", fmt.Errorf("the link pinned at %q does not take the new program: %w", li.PinPath, err))
		}
		st.updated = true
		l.trace("link %d %q: runs the new program", i, li.Name)
	}
	return nil
}

// before opens what a link runs, to be put back if the load fails: the program
// that is pinned with it, or by its id, which takes CAP_SYS_ADMIN.
func (l *loader) before(li *PlannedLink, info bpfsys.LinkInfo) (int, error) {
	if li.Map >= 0 {
		return l.k.MapByID(uint32(info.Place), 0)
	}
	paths := []string{l.plan.Programs[li.Program].PinPath}
	for _, r := range l.renames {
		if r.to == paths[0] { // exchanged already
			paths = append(paths, r.from)
		}
	}
	for _, path := range paths {
		fd, err := l.pinnedProgram(path, info.ProgID)
		if fd != noFD || err != nil {
			return fd, err
		}
	}
	return l.k.ProgramByID(info.ProgID)
}

// pinnedProgram opens a pin if it is of the program with that id, else noFD.
func (l *loader) pinnedProgram(path string, id uint32) (int, error) {
	if path == "" {
		return noFD, nil
	}
	fd, err := l.k.Get(path)
	if errors.Is(err, fs.ErrNotExist) {
		return noFD, nil
	}
	if err != nil {
		return noFD, err
	}
	info, err := l.k.ProgInfo(fd)
	if err == nil && info.ID == id {
		return fd, nil
	}
	return noFD, errors.Join(err, l.k.Close(fd))
}

// settleLinks ends the updates: after an error, links get what they ran before.
func (l *loader) settleLinks(c *Collection, err error) error {
	errs := []error{err}
	for i := len(l.links) - 1; i >= 0; i-- {
		st := &l.links[i]
		if err != nil && st.updated {
			if st.old == noFD {
				errs = append(errs, fmt.Errorf("link pinned at %q keeps the new program: the old one cannot be opened", l.plan.Links[i].PinPath))
			} else {
				errs = append(errs, l.k.UpdateLink(c.Links[i].FD, st.old))
			}
		}
		if st.old != noFD {
			errs = append(errs, l.k.Close(st.old))
			st.old = noFD
		}
	}
	if err == nil {
		return errors.Join(errs...)
	}
	return joined(errs)
}

// dropLink undoes an attachment that no Collection has.
func (l *loader) dropLink(st *loadedLink) error {
	var err error
	if st.ops != nil {
		err = st.ops.release(false)
		st.ops = nil
	}
	if st.fd != noFD {
		err = errors.Join(err, l.k.Close(st.fd))
		st.fd = noFD
	}
	return err
}
