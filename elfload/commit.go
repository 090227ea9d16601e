package elfload

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
)

// The end of a load is where something older is replaced: pins, slots of maps of
// maps that are used again, slots of program arrays that are used again, programs
// of links. All of it
// happens after everything else has succeeded; what fails then is taken back.

// change is one thing that was done, and how to take it back.
type change struct{ revert func() error }

// commit puts the new in the place of the old.
func (l *loader) commit(c *Collection) error {
	err := l.replaceAll(c)
	settled := l.settleLinks(c, err)
	if err == nil {
		if settled != nil {
			l.warn(Warning{Code: "close", Message: settled.Error()})
		}
		l.removeReplaced()
		return nil
	}
	errs := []error{settled}
	for i := len(l.changes) - 1; i >= 0; i-- {
		errs = append(errs, l.changes[i].revert())
	}
	l.changes = nil
	return joined(errs)
}

func (l *loader) replaceAll(c *Collection) error {
	exchanged, err := l.exchangePins()
	if err != nil {
		return err
	}
	for _, s := range l.plan.Steps {
		var err error
		switch s.Op {
		case OpSwapMapSlot:
			err = l.replaceMapSlot(c, s)
		case OpSwapProgramSlot:
			err = l.replaceProgramSlot(c, s)
		case OpClearSlots:
			err = l.clearStaleSlots(c, s.Map)
		}
		if err != nil {
			return err
		}
	}
	// Links come after what their programs go on to.
	if err := l.updateLinks(c); err != nil || exchanged {
		return err
	}
	return l.renamePins()
}

// exchangePins swaps new pins with the older ones, which can be taken back; false
// where the kernel cannot do that (before Linux 5.16).
func (l *loader) exchangePins() (bool, error) {
	for n, s := range l.renames {
		err := l.k.Exchange(s.from, s.to)
		if n == 0 && (errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOSYS)) {
			return false, nil
		}
		if err != nil {
			return true, pinError(s.to, err)
		}
		l.trace("%s is replaced", s.to)
		l.changes = append(l.changes, change{func() error { return l.k.Exchange(s.from, s.to) }})
	}
	return true, nil
}

// renamePins replaces pins one by one, each in one step. If a later one fails,
// those before it stay: what they named is gone.
func (l *loader) renamePins() error {
	for n, s := range l.renames {
		if err := l.k.Rename(s.from, s.to); err != nil {
			l.renames = l.renames[n:]
			return pinError(s.to, err)
		}
		l.trace("%s is replaced", s.to)
		l.forget(s.from)
	}
	l.renames = nil
	return nil
}

// removeReplaced removes what the exchange has left under temporary names.
func (l *loader) removeReplaced() {
	for _, s := range l.renames {
		if err := l.k.Remove(s.from); err != nil && !errors.Is(err, fs.ErrNotExist) {
			l.warn(Warning{Code: "pin_leftover", Message: fmt.Sprintf("%q, which is replaced, cannot be removed under its temporary name: %v", s.to, err)})
		}
		l.forget(s.from)
	}
	l.renames = nil
}

// forget takes a path off the pins that undo would remove.
func (l *loader) forget(path string) {
	for i, p := range l.pins {
		if p == path {
			l.pins = append(l.pins[:i], l.pins[i+1:]...)
			return
		}
	}
}

// replaceMapSlot puts a new map where a map of maps that is used again holds the
// one that it has replaced. Other slots of such a map stay as they are (R147).
func (l *loader) replaceMapSlot(c *Collection, s Step) error {
	old := l.maps[s.Target].old
	if !l.maps[s.Map].reused || old == nil {
		return nil
	}
	m, fd := &l.plan.Maps[s.Map], c.MapData[s.Map].FD
	key := hostOrder.AppendUint32(nil, s.Slot)
	id, ok, err := l.held(fd, key)
	if err != nil {
		return l.slotError(s, err)
	}
	if !ok || id != old.info.ID {
		return nil // somebody else's
	}
	if err := l.k.UpdateMapFD(fd, key, c.MapData[s.Target].FD, 0); err != nil {
		return l.slotError(s, err)
	}
	l.trace("map %d %q: slot %d = %q", s.Map, m.Name, s.Slot, l.plan.Maps[s.Target].Name)
	l.changes = append(l.changes, change{func() error { return l.k.UpdateMapFD(fd, key, old.fd, 0) }})
	return nil
}

func (l *loader) slotError(s Step, err error) *Error {
	verb, target := "take", ""
	switch s.Op {
	case OpSwapMapSlot:
		target = l.plan.Maps[s.Target].Name
	case OpSwapProgramSlot:
		target = l.plan.Programs[s.Target].Name
	case OpClearSlots:
		verb, target = "lose", "its older program"
	}
	e := loadError(StageValue, "slot", &l.plan.Maps[s.Map].MapDef, err)
	e.Err = fmt.Errorf("slot %d does not %s %q: %w", s.Slot, verb, target, err)
	return e
}
