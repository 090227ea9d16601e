package elfload

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"syscall"
)

// errPinAppeared: another loader made a pin while this one was loading. The
// load starts anew and finds it.
var errPinAppeared = errors.New("another loader has pinned it meanwhile")

// pinSwap is a pin that replaces an older one at the very end.
type pinSwap struct{ from, to string }

// checkPins finds out before anything is created whether pins can be made: every
// pin directory, or the nearest one above it that exists, must be on bpffs (D16).
func (l *loader) checkPins() error {
	seen := make(map[string]bool)
	for _, path := range l.plan.pinPaths() {
		dir := filepath.Dir(path)
		if seen[dir] {
			continue
		}
		seen[dir] = true
		if err := l.checkPinDir(dir); err != nil {
			return err
		}
	}
	return nil
}

// pinPaths are all pins of the plan, in order.
func (p *Plan) pinPaths() []string {
	var paths []string
	for _, s := range p.Steps {
		switch s.Op {
		case OpPinMap:
			paths = append(paths, p.Maps[s.Map].PinPath)
		case OpPinProgram:
			paths = append(paths, p.Programs[s.Program].PinPath)
		case OpPinLink:
			paths = append(paths, p.Links[s.Link].PinPath)
		}
	}
	return paths
}

func (l *loader) checkPinDir(dir string) error {
	for at := dir; ; at = filepath.Dir(at) {
		ok, err := l.k.Exists(at)
		if err != nil {
			return pinError(dir, err)
		}
		if !ok && filepath.Dir(at) != at {
			continue
		}
		on, err := l.k.IsBPFFS(at)
		if err != nil {
			return pinError(dir, err)
		}
		if !on {
			return &Error{Kind: ErrUsage, Stage: StagePin, Code: "not_bpffs", Err: fmt.Errorf("%q is not on a BPF file system", at),
				Hint: "mount one: mount -t bpf bpf " + DefaultBPFFS}
		}
		return nil
	}
}

func pinError(path string, err error) *Error {
	return &Error{Kind: pinKind(err), Stage: StagePin, Code: "pin", Errno: errnoOf(err), Err: fmt.Errorf("pin %q: %w", path, err)}
}

// pinUsage are the errnos that speak of the path that was asked for.
var pinUsage = [...]syscall.Errno{syscall.ENOENT, syscall.ENOTDIR, syscall.EISDIR, syscall.EEXIST, syscall.ELOOP,
	syscall.ENAMETOOLONG, syscall.EROFS, syscall.EXDEV, syscall.ENOTEMPTY}

// pinKind tells a path that cannot be a pin from privilege that is missing and
// from a kernel that cannot just now (ENOMEM, ENOSPC).
func pinKind(err error) error {
	errno := errnoOf(err)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return ErrPrivilege
	case errno == 0 || slices.Contains(pinUsage[:], errno):
		return ErrUsage
	}
	return ErrNotSupported
}

func (l *loader) pinMapError(m *PlannedMap, err error) *Error {
	e := pinError(m.PinPath, err)
	e.Section, e.Symbol = m.Section, m.Name
	return e
}

// makeDirs makes the missing directories of a pin, 0700, and remembers them.
func (l *loader) makeDirs(dir string) error {
	ok, err := l.k.Exists(dir)
	if err != nil || ok {
		return err
	}
	if err := l.makeDirs(filepath.Dir(dir)); err != nil {
		return err
	}
	err = l.k.Mkdir(dir)
	if errors.Is(err, fs.ErrExist) {
		return nil // another loader made it
	}
	if errors.Is(err, fs.ErrNotExist) {
		return l.makeDirs(dir) // and another has removed the one above
	}
	if err != nil {
		return err
	}
	l.dirs = append(l.dirs, dir)
	return l.share(dir, true)
}

// pinMap pins a map, under a name of its own if it is to replace another.
func (l *loader) pinMap(i int) error {
	m := &l.plan.Maps[i]
	if l.maps[i].reused && !l.maps[i].passed {
		return nil
	}
	if err := l.makeDirs(filepath.Dir(m.PinPath)); err != nil {
		return l.pinMapError(m, err)
	}
	path := m.PinPath
	if l.maps[i].oldPinned {
		path = l.tempPin(path)
	}
	if err := l.k.Pin(l.maps[i].fd, path); err != nil {
		if errors.Is(err, syscall.EEXIST) && path == m.PinPath {
			err = errPinAppeared
		}
		return l.pinMapError(m, err)
	}
	l.pins = append(l.pins, path)
	if err := l.share(path, false); err != nil {
		return l.pinMapError(m, err)
	}
	if err := l.ownPin(m, path); err != nil {
		return err
	}
	if path != m.PinPath {
		l.renames = append(l.renames, pinSwap{from: path, to: m.PinPath})
	}
	l.trace("map %d %q: pinned at %s", i, m.Name, path)
	return nil
}

// tempPin is a name beside path for a pin that is to take its place.
func (l *loader) tempPin(path string) string {
	return filepath.Join(filepath.Dir(path), fmt.Sprintf("%s%d-%d", newPin, processID(), len(l.renames)))
}

// pinProgram pins a program, under a name of its own if another has its name;
// commit gives it its final name.
func (l *loader) pinProgram(i int) error {
	p := &l.plan.Programs[i]
	if l.progs[i].fd == noFD {
		return nil // left out by the load, which has told it
	}
	fail := func(err error) error {
		e := pinError(p.PinPath, err)
		e.Section, e.Symbol = p.Section, p.Name
		return e
	}
	if err := l.makeDirs(filepath.Dir(p.PinPath)); err != nil {
		return fail(err)
	}
	err := l.k.Pin(l.progs[i].fd, p.PinPath)
	if err == nil {
		l.pins = append(l.pins, p.PinPath)
		if err := l.share(p.PinPath, false); err != nil {
			return fail(err)
		}
		return nil
	}
	if !errors.Is(err, syscall.EEXIST) {
		return fail(err)
	}
	temp := l.tempPin(p.PinPath)
	if err := l.k.Pin(l.progs[i].fd, temp); err != nil {
		return fail(err)
	}
	l.pins = append(l.pins, temp)
	if err := l.share(temp, false); err != nil {
		return fail(err)
	}
	l.renames = append(l.renames, pinSwap{from: temp, to: p.PinPath})
	return nil
}
