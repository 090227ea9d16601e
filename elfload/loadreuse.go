package elfload

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"github.com/bpfload/bpfload/internal/bpfsys"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

// pinned is the map that is at a definition's pin, compared with the definition.
type pinned struct {
	fd    int    // the caller's
	which string // what it is in words, "" for the one at the definition's pin
	info  bpfsys.MapInfo
	shape *mapShape
	want  *mapShape
	diffs []FieldDiff
	// typesErr is why the map's types are not known.
	typesErr error
}

// openPin opens and compares what is pinned for map i; nil when nothing is.
func (l *loader) openPin(i int) (*pinned, error) {
	m := &l.plan.Maps[i]
	fd, err := l.k.Get(m.PinPath)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, l.pinMapError(m, err)
	}
	p, err := l.comparePin(i, fd)
	if err != nil {
		return nil, joinedClose(err, l.k.Close(fd))
	}
	return p, nil
}

// joinedClose keeps a lone error as it is.
func joinedClose(err, closing error) error { return joined([]error{err, closing}) }

// comparePin compares the map that fd is with definition i.
func (l *loader) comparePin(i, fd int) (*pinned, error) {
	m := &l.plan.Maps[i]
	if kind := l.k.ObjectKind(fd); kind != "" && kind != "map" {
		e := l.pinMapError(m, fmt.Errorf("it is a BPF %s and no map", kind))
		e.Kind, e.Code = ErrIncompatiblePin, "pin_no_map"
		return nil, e
	}
	info, err := l.k.MapInfo(fd)
	if err != nil {
		e := l.pinMapError(m, fmt.Errorf("%q is not a map that can be used: %w", m.PinPath, err))
		if errno := errnoOf(err); errno == 0 || errno == syscall.EINVAL {
			e.Kind, e.Code = ErrIncompatiblePin, "pin_no_map"
		}
		return nil, e
	}
	types, err := l.plan.types()
	if err != nil {
		return nil, loadError(StageMap, "btf", &m.MapDef, err)
	}
	p := &pinned{fd: fd, info: info, shape: shapeOfInfo(info)}
	if p.want, err = l.wanted(i, types); err != nil {
		return nil, err
	}
	p.shape.types, p.typesErr = l.pinnedTypes(m, info)
	if isMapOfMaps(info.Type) && p.want.inner != nil {
		if p.shape.inner, err = l.innerShape(m, fd, info); err != nil {
			return nil, err
		}
	}
	if err := l.readConstants(m, p); err != nil {
		return nil, err
	}
	p.diffs = p.shape.differences(p.want)
	return p, nil
}

// readConstants finds out what a frozen data section holds, if the pinned map may be
// one of that size.
func (l *loader) readConstants(m *PlannedMap, p *pinned) error {
	if p.want.constants == "" || p.info.Type != p.want.typ || p.info.KeySize != 4 || p.info.ValueSize != p.want.valueSize {
		return nil
	}
	value := make([]byte, p.info.ValueSize)
	if err := l.k.LookupMap(p.fd, make([]byte, 4), value, 0); err != nil {
		return l.pinMapError(m, fmt.Errorf("its constants cannot be read: %w", err))
	}
	p.shape.constants = digest(value)
	return nil
}

// wanted is the shape that definition i gets on this host.
func (l *loader) wanted(i int, types *rawbtf.Table) (*mapShape, error) {
	s := l.plan.shape(i, types)
	created := l.asCreated(i)
	s.valueSize, s.flags = created.ValueSize, created.Flags
	return s, l.onHost(&l.plan.Maps[i].MapDef, s)
}

// onHost settles what of a shape, and of the one inside of it, is this host's to say.
func (l *loader) onHost(d *MapDef, s *mapShape) error {
	for ; s != nil; s = s.inner {
		if !s.needsCPUs() {
			continue
		}
		n, err := l.k.PossibleCPUs()
		if err != nil {
			return loadError(StageMap, "cpus", d, err)
		}
		s.onHost(uint32(n))
	}
	return nil
}

// maxInnerKeys bounds how many keys of a map of maps are tried for a map that
// shows what all of them are like.
const maxInnerKeys = 4096

// innerShape is the shape of what a map of maps holds: the kernel tells only of
// maps that are in it. nil, with a warning, where there is none among the first keys,
// or where it may not be looked at.
func (l *loader) innerShape(m *PlannedMap, fd int, info bpfsys.MapInfo) (*mapShape, error) {
	var key []byte
	for range maxInnerKeys {
		next, err := l.k.NextKey(fd, key, info.KeySize)
		if errors.Is(err, syscall.ENOENT) {
			break
		}
		var id [4]byte
		if err == nil {
			key = next
			err = l.k.LookupMap(fd, key, id[:], 0)
		}
		if errors.Is(err, syscall.ENOENT) {
			continue // an empty slot of an array
		}
		var inner bpfsys.MapInfo
		if err == nil {
			inner, err = l.mapInfoByID(hostOrder.Uint32(id[:]))
		}
		if errors.Is(err, syscall.ENOENT) {
			continue // taken out meanwhile
		}
		if err != nil {
			l.warn(Warning{Code: "pin_inner_unknown", Map: m.Name, Section: m.Section,
				Message: fmt.Sprintf("the inner maps of the map pinned at %q are not compared: %v", m.PinPath, err)})
			return nil, nil
		}
		s := shapeOfInfo(inner)
		s.types, _ = l.pinnedTypes(m, inner) // told
		return s, nil
	}
	l.warn(Warning{Code: "pin_inner_unknown", Map: m.Name, Section: m.Section,
		Message: fmt.Sprintf("the map of maps pinned at %q holds none, so that nothing tells what its inner maps are like: they are taken to be as defined", m.PinPath)})
	return nil, nil
}

func (l *loader) mapInfoByID(id uint32) (bpfsys.MapInfo, error) {
	fd, err := l.k.MapByID(id, 0)
	if err != nil {
		return bpfsys.MapInfo{}, err
	}
	info, err := l.k.MapInfo(fd)
	return info, errors.Join(err, l.k.Close(fd))
}

// reuse takes map i from its pin; false when there is none, or when it is to be
// replaced.
func (l *loader) reuse(i int) (bool, error) {
	m := &l.plan.Maps[i]
	p, err := l.openPin(i)
	if p == nil || err != nil {
		return false, err
	}
	if len(p.diffs) > 0 {
		return false, l.mismatch(i, p)
	}
	l.maps[i] = loadedMap{fd: p.fd, maxEntries: p.info.MaxEntries, withBTF: p.info.BTFID != 0, reused: true}
	l.trace("map %d %q: taken from %s, fd %d", i, m.Name, m.PinPath, p.fd)
	return true, nil
}

// mismatch does with a map that is not compatible what the options say. The
// loader keeps a map that is replaced open until the end.
func (l *loader) mismatch(i int, p *pinned) error {
	m := &l.plan.Maps[i]
	way, err := l.wayOut(i, p)
	if err != nil {
		return joinedClose(err, l.k.Close(p.fd))
	}
	if isProgArray(p.info.Type) {
		l.warn(Warning{Code: "prog_array_replaced", Map: m.Name, Section: m.Section,
			Message: fmt.Sprintf("programs that run keep the older program array, which the kernel empties once the pin at %q is another's: their tail calls miss until new programs run in their place", m.PinPath)})
	}
	l.maps[i].old, l.maps[i].migration, l.maps[i].oldPinned = p, way, true
	l.trace("map %d %q: the map pinned at %s is to be replaced: %s", i, m.Name, m.PinPath, fieldTexts(p.diffs))
	return nil
}

// text says which map it is.
func (p *pinned) text(m *PlannedMap) string {
	if p.which != "" {
		return p.which
	}
	return fmt.Sprintf("the map pinned at %q", m.PinPath)
}

// wayOut is what a load does about a pinned map that is not compatible.
func (l *loader) wayOut(i int, p *pinned) (*migration, error) {
	way, err := l.plan.wayOut(i, p.shape, p.want, p.text(&l.plan.Maps[i]))
	if err != nil && err.Code == "migrate_refused" {
		return nil, becauseOf(err, p.typesErr)
	}
	if err != nil {
		return nil, err
	}
	return way, nil
}

// wayOut is how the entries of an older map that is not compatible are taken over,
// nil for not at all. The error is why a load fails; which says in words what the
// older map is.
func (p *Plan) wayOut(i int, old, new *mapShape, which string) (*migration, *Error) {
	m, by := &p.Maps[i], p.onMismatch(i)
	if by == MismatchFail {
		hint := "take its entries over with --on-mismatch migrate, do without them with --on-mismatch replace, or load with another pin directory"
		if m.Frozen {
			hint = fmt.Sprintf("have the constants of this load with --on-mismatch %s=replace, or load with another pin directory", Clean(m.Name))
		}
		return nil, &Error{Kind: ErrIncompatiblePin, Stage: StagePin, Code: "pin_incompatible", Section: m.Section, Symbol: m.Name,
			Err: fmt.Errorf("%s has %s", which, fieldTexts(old.differences(new))), Hint: hint}
	}
	if by == MismatchReplace || m.Frozen {
		return nil, nil
	}
	way, err := planMigration(old, new)
	if err != nil {
		return nil, refuseMigration(m, which, err)
	}
	return way, nil
}

// becauseOf makes the error one of what kept the map's types from being read.
func becauseOf(e *Error, cause error) *Error {
	if cause != nil {
		e.Kind, e.Errno, e.Err = kindOf(cause), errnoOf(cause), fmt.Errorf("%w: %w", e.Err, cause)
	}
	return e
}

// replaced describes the map that map i has replaced, nil for none.
func (l *loader) replaced(i int) *ReplacedMap {
	old := l.maps[i].old
	if old == nil {
		return nil
	}
	return &ReplacedMap{ID: old.info.ID, By: l.plan.onMismatch(i), Fields: old.diffs, Entries: l.maps[i].copied, Passed: l.maps[i].oldPassed}
}
