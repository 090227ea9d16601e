package elfload

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/bpfload/bpfload/internal/mapdef"
)

// PassedMap is a descriptor that this process was started with, as
// sd_listen_fds(3) says: what a service manager has kept for it, or another
// loader has handed over. A map of the object whose StoreName is Name is taken
// from it instead of being created.
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
		return &Error{Kind: ErrIncompatiblePin, Stage: StageMap, Code: "passed_incompatible", Section: m.Section, Symbol: m.Name,
			Err: fmt.Errorf("the map that was passed as descriptor %d has %s", passed.FD, fieldTexts(p.diffs)),
			Hint: "a service manager forgets what it keeps when the service is stopped and not restarted: systemctl stop, " +
				"or with FileDescriptorStorePreserve=yes systemctl clean --what=fdstore"}
	}
	l.maps[i] = loadedMap{fd: fd, maxEntries: p.info.MaxEntries, withBTF: p.info.BTFID != 0, reused: true, passed: true, stored: true}
	l.trace("map %d %q: taken from descriptor %d, fd %d", i, m.Name, passed.FD, fd)
	return nil
}

// keepPassed is the step that would create a map that was passed. A pin that is
// there must be of the same map.
func (l *loader) keepPassed(i int) error {
	m := &l.plan.Maps[i]
	if m.PinPath == "" {
		return nil
	}
	p, err := l.openPin(i)
	if p == nil || err != nil {
		return err
	}
	have, err := l.k.MapInfo(l.maps[i].fd)
	same := have.ID == p.info.ID
	if err = errors.Join(err, l.k.Close(p.fd)); err != nil {
		return l.pinMapError(m, err)
	}
	if !same {
		return &Error{Kind: ErrIncompatiblePin, Stage: StagePin, Code: "passed_pinned", Section: m.Section, Symbol: m.Name,
			Err:  fmt.Errorf("map %d is pinned at %q, and map %d was passed to this process: they cannot both be %q", p.info.ID, m.PinPath, have.ID, m.Name),
			Hint: "remove the pin, or start without the passed descriptor"}
	}
	l.maps[i].passed = false // pinned already
	return nil
}
