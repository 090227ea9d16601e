package elfload

import (
	"crypto/sha256"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/bpfload/bpfload/internal/mapdef"
)

// PassedMap is a descriptor that this process was started with, as
// sd_listen_fds(3) says: what a service manager has kept for it, or another
// loader has handed over. A map of the object whose StoreName is Name is taken
// from it instead of being created; if it is not compatible, Options.OnMismatch says
// what happens.
type PassedMap struct {
	Name string
	FD   int
}

// PassedMaps are the descriptors that the environment says were passed to this
// process, maps or not; none when it says so of another process, or nothing. They
// become close-on-exec. The caller owns them, and may call it once.
func PassedMaps() ([]PassedMap, error) { return passedMaps(os.Getenv, processID(), envFiles{}) }

func passedMaps(getenv func(string) string, pid int, files passedFiles) ([]PassedMap, error) {
	if getenv(envListenPID) != strconv.Itoa(pid) || getenv(envListenFDs) == "" {
		return nil, nil
	}
	count, err := strconv.ParseUint(getenv(envListenFDs), 10, 32)
	if err != nil || count > maxPassed {
		return nil, receiveError("%s is %q", envListenFDs, getenv(envListenFDs))
	}
	var names []string
	if text := getenv(envListenFDNames); text != "" {
		names = strings.Split(text, ":")
	}
	if len(names) != 0 && uint64(len(names)) != count {
		return nil, receiveError("%s has %d names for %d descriptors", envListenFDNames, len(names), count)
	}
	var out []PassedMap
	for i := range int(count) {
		p := PassedMap{FD: firstPassedFD + i}
		if len(names) > 0 {
			p.Name = names[i]
		}
		if err := files.CloseOnExec(p.FD); err != nil {
			return nil, receiveError("descriptor %d, %q: %w", p.FD, p.Name, err)
		}
		out = append(out, p)
	}
	return out, nil
}

// maxStoreName is the most bytes of a name in the descriptor store (systemd,
// FDNAME_MAX).
const maxStoreName = 255

// StoreName is what a map is called in a service manager's descriptor store:
// its name as LISTEN_FDNAMES has it, and where that is longer than 255 bytes, the
// beginning of it and a hash.
func StoreName(name string) string {
	s := escapeFDName(name)
	if len(s) <= maxStoreName {
		return s
	}
	sum := sha256.Sum256([]byte(name))
	return fmt.Sprintf("%s%%~%x", s[:200], sum[:16])
}

// storable tells whether a map outlives its object's load: constants belong to
// the object that is loaded, and struct_ops maps to its programs.
func storable(m *PlannedMap) bool {
	return m.Create && m.FD == 0 && !m.Frozen && m.StructOps == nil && m.Dialect != mapdef.DialectKconfig
}

// takePassed takes maps from Options.Passed, each if it is compatible with its
// definition, before anything is created.
func (l *loader) takePassed() error {
	passed := l.plan.opts.Passed
	if len(passed) == 0 {
		return nil
	}
	byName := make(map[string]int, len(passed)) // asked, never walked
	for i := len(passed) - 1; i >= 0; i-- {
		byName[passed[i].Name] = i
	}
	taken := make([]bool, len(passed))
	for i := range l.plan.Maps {
		m := &l.plan.Maps[i]
		at, ok := byName[StoreName(m.Name)]
		if !ok || !storable(m) {
			continue
		}
		taken[at] = true
		if err := l.takeOne(i, passed[at]); err != nil {
			return err
		}
	}
	for at, p := range passed {
		if !taken[at] {
			l.warn(Warning{Code: "passed_left", Message: fmt.Sprintf("descriptor %d, %q, which this process was started with, is none of the object's maps: it is left alone",
				p.FD, p.Name)})
		}
	}
	return nil
}

func (l *loader) takeOne(i int, passed PassedMap) error {
	m := &l.plan.Maps[i]
	fd, err := l.k.Dup(passed.FD)
	if err != nil {
		return loadError(StageMap, "passed", &m.MapDef, fmt.Errorf("descriptor %d, which was passed for it: %w", passed.FD, err))
	}
	l.maps[i].fd = fd
	p, err := l.comparePin(i, fd)
	if err != nil {
		e := loadError(StageMap, "passed", &m.MapDef, fmt.Errorf("descriptor %d, which was passed for it, is not a map that can be used: %w", passed.FD, err))
		if e.Errno == 0 {
			e.Kind = ErrIncompatiblePin
		}
		return e
	}
	if len(p.diffs) > 0 {
		return l.passedMismatch(i, passed, p)
	}
	l.maps[i] = loadedMap{fd: fd, maxEntries: p.info.MaxEntries, withBTF: p.info.BTFID != 0, reused: true, passed: true, stored: true}
	l.trace("map %d %q: taken from descriptor %d, fd %d", i, m.Name, passed.FD, fd)
	return nil
}

// passedMismatch does with a map that was passed and is not compatible what the
// options say: it ends the load, or the map is kept open until its place is taken.
func (l *loader) passedMismatch(i int, passed PassedMap, p *pinned) error {
	m := &l.plan.Maps[i]
	if l.plan.onMismatch(i) == MismatchFail {
		return &Error{Kind: ErrIncompatiblePin, Stage: StageMap, Code: "passed_incompatible", Section: m.Section, Symbol: m.Name,
			Err: fmt.Errorf("the map that was passed as descriptor %d has %s", passed.FD, fieldTexts(p.diffs)),
			Hint: "take its entries over with --on-mismatch migrate, or do without them with --on-mismatch replace; " +
				"a service manager forgets what it keeps when the service is stopped and not restarted: systemctl stop, " +
				"or with FileDescriptorStorePreserve=yes systemctl clean --what=fdstore"}
	}
	p.which = fmt.Sprintf("the map passed as descriptor %d", passed.FD)
	way, err := l.wayOut(i, p)
	if err != nil {
		return err
	}
	l.maps[i] = loadedMap{fd: noFD, old: p, migration: way, oldPassed: true}
	l.warn(Warning{Code: "passed_replaced", Map: m.Name, Section: m.Section,
		Message: fmt.Sprintf("%s has %s and is replaced; who passed it keeps it, but for a service manager that is told (--fdstore)", p.which, fieldTexts(p.diffs))})
	l.trace("map %d %q: %s is to be replaced: %s", i, m.Name, p.which, fieldTexts(p.diffs))
	return nil
}

// keepPassed is the step that would create a map that was passed. A pin that is
// there must be of the same map.
func (l *loader) keepPassed(i int) error {
	if l.plan.Maps[i].PinPath == "" {
		return nil
	}
	have, err := l.k.MapInfo(l.maps[i].fd)
	if err != nil {
		return l.pinMapError(&l.plan.Maps[i], err)
	}
	there, err := l.pinIsOf(i, have.ID)
	if there {
		l.maps[i].passed = false // pinned already
	}
	return err
}

// replacePassed is the step that creates a map in the place of one that was passed.
func (l *loader) replacePassed(i int) error {
	there, err := l.pinIsOf(i, l.maps[i].old.info.ID)
	if err != nil {
		return err
	}
	l.maps[i].oldPinned = there
	return l.create(i)
}

// pinIsOf tells whether map i is pinned, which only the map with that id may be.
func (l *loader) pinIsOf(i int, id uint32) (bool, error) {
	m := &l.plan.Maps[i]
	if m.PinPath == "" {
		return false, nil
	}
	p, err := l.openPin(i)
	if p == nil || err != nil {
		return false, err
	}
	if err := l.k.Close(p.fd); err != nil {
		return false, l.pinMapError(m, err)
	}
	if p.info.ID != id {
		return false, &Error{Kind: ErrIncompatiblePin, Stage: StagePin, Code: "passed_pinned", Section: m.Section, Symbol: m.Name,
			Err:  fmt.Errorf("map %d is pinned at %q, and map %d was passed to this process: they cannot both be %q", p.info.ID, m.PinPath, id, m.Name),
			Hint: "remove the pin, or start without the passed descriptor"}
	}
	return true, nil
}
