package elfload

import (
	"errors"
	"fmt"
	"slices"
	"syscall"

	"github.com/bpfload/bpfload/internal/mapdef"
)

// A program array that is used again is what running programs jump through. Its
// slots are replaced one by one, in the plan's order, when every program is loaded
// and everything else has succeeded; each is one step for the kernel, so that every
// tail call finds either the older program or the newer.

// replaceProgramSlot puts a new program into a slot.
func (l *loader) replaceProgramSlot(c *Collection, s Step) error {
	if !l.maps[s.Map].reused {
		return nil // filled when it was made
	}
	m, p := &l.plan.Maps[s.Map], &l.plan.Programs[s.Target]
	fd, prog := c.MapData[s.Map].FD, c.Programs[s.Target].FD
	if prog == noFD {
		l.warn(Warning{Code: "slot_empty", Map: m.Name, Section: m.Section, Program: p.Name,
			Message: fmt.Sprintf("slot %d stays as it is: %q was not loaded", s.Slot, p.Name)})
		return nil
	}
	key := hostOrder.AppendUint32(nil, s.Slot)
	old, err := l.olderProgram(s.Map, fd, key)
	if err != nil {
		return l.slotError(s, err)
	}
	if err := l.k.UpdateMapFD(fd, key, prog, 0); err != nil {
		e := l.slotError(s, err)
		if errors.Is(err, syscall.EINVAL) {
			e.Hint = slotHint(s.Op)
		}
		return e
	}
	l.trace("map %d %q: slot %d = %q", s.Map, m.Name, s.Slot, p.Name)
	l.changes = append(l.changes, change{func() error {
		if old == noFD {
			return l.k.DeleteElem(fd, key)
		}
		return l.k.UpdateMapFD(fd, key, old, 0)
	}})
	return nil
}

// olderProgram opens what a slot holds, so that it can be put back; noFD for an
// empty slot, or, with a warning, where opening takes a privilege that is missing.
// The loader closes it. It also notes whose program it is.
func (l *loader) olderProgram(i, fd int, key []byte) (int, error) {
	id, ok, err := l.held(fd, key)
	if err != nil || !ok {
		return noFD, err
	}
	old, err := l.k.ProgramByID(id)
	if errors.Is(err, syscall.ENOENT) {
		return noFD, nil
	}
	if errors.Is(err, syscall.EPERM) {
		l.warnUnread(i, err)
		return noFD, nil
	}
	if err != nil {
		return noFD, err
	}
	l.olderProgs = append(l.olderProgs, old)
	info, err := l.k.ProgInfo(old)
	if err != nil {
		return noFD, err
	}
	if l.maps[i].olderCode == 0 {
		l.maps[i].olderCode = info.BTFID
	}
	return old, nil
}

// warnUnread tells once of a map whose programs may not be opened.
func (l *loader) warnUnread(i int, err error) {
	m := &l.plan.Maps[i]
	if slices.ContainsFunc(l.warnings, func(w Warning) bool { return w.Code == "slots_unread" && w.Map == m.Name }) {
		return
	}
	l.warn(Warning{Code: "slots_unread", Map: m.Name, Section: m.Section,
		Message: fmt.Sprintf("the older programs of its slots cannot be opened: were the load to fail now, they could not be put back, and slots that the object no longer has are not cleared: %v", err)})
}

// staleCode is the id of the types that the programs in the object's slots of an
// older array were loaded with, 0 for none: all programs of one load have the
// same, and nobody else's have.
func (l *loader) staleCode(i, fd int) (uint32, error) {
	m := &l.plan.Maps[i]
	for _, s := range m.Slots {
		if s.Target.Kind != mapdef.TargetProgram {
			continue
		}
		if _, err := l.olderProgram(i, fd, hostOrder.AppendUint32(nil, s.Index)); err != nil {
			return 0, loadError(StageValue, "slot", &m.MapDef, err)
		}
	}
	return l.maps[i].olderCode, nil
}

// clearStaleSlots empties the slots that an older version of the object filled and
// this one does not have: old and new code would go on side by side. Programs that
// are running may still be on their way there, so they are waited for. Slots that
// others have filled stay.
func (l *loader) clearStaleSlots(c *Collection, i int) error {
	m, lm := &l.plan.Maps[i], &l.maps[i]
	if !lm.reused || lm.olderCode == 0 {
		return nil
	}
	own := make(map[uint32]bool, len(m.Slots))
	for _, s := range m.Slots {
		own[s.Index] = true
	}
	fd, waited := c.MapData[i].FD, false
	for slot := range lm.maxEntries {
		if own[slot] {
			continue
		}
		key := hostOrder.AppendUint32(nil, slot)
		old, err := l.stale(fd, key, lm.olderCode)
		if err != nil {
			return l.slotError(Step{Op: OpClearSlots, Map: i, Slot: slot}, err)
		}
		if old == noFD {
			continue
		}
		if !waited {
			waited = true
			if err := l.k.WaitRCU(); err != nil {
				l.warn(Warning{Code: "slots_not_awaited", Map: m.Name, Section: m.Section,
					Message: fmt.Sprintf("slots that the object no longer has are cleared, and the end of running programs cannot be waited for: %v", err)})
			}
		}
		if err := l.k.DeleteElem(fd, key); err != nil {
			return l.slotError(Step{Op: OpClearSlots, Map: i, Slot: slot}, err)
		}
		l.trace("map %d %q: slot %d is cleared", i, m.Name, slot)
		l.changes = append(l.changes, change{func() error { return l.k.UpdateMapFD(fd, key, old, 0) }})
	}
	return nil
}

// stale opens the program of a slot if it was loaded with those types; noFD if not.
func (l *loader) stale(fd int, key []byte, code uint32) (int, error) {
	id, ok, err := l.held(fd, key)
	if err != nil || !ok {
		return noFD, err
	}
	prog, err := l.k.ProgramByID(id)
	if errors.Is(err, syscall.ENOENT) {
		return noFD, nil
	}
	if err != nil {
		return noFD, err
	}
	info, err := l.k.ProgInfo(prog)
	if err == nil && info.BTFID == code {
		l.olderProgs = append(l.olderProgs, prog)
		return prog, nil
	}
	if closing := l.k.Close(prog); err == nil {
		err = closing
	}
	return noFD, err
}

// closeOlder gives up what was kept open to be put back.
func (l *loader) closeOlder() {
	for _, fd := range l.olderProgs {
		if err := l.k.Close(fd); err != nil {
			l.trace("closing a replaced program: %v", err)
		}
	}
	l.olderProgs = nil
	for i := range l.maps {
		if old := l.maps[i].old; old != nil {
			if err := l.k.Close(old.fd); err != nil {
				l.trace("closing a replaced map: %v", err)
			}
			l.maps[i].old = nil
		}
	}
}
