package elfload

import (
	"encoding/binary"
	"errors"
	"fmt"
	"syscall"

	"github.com/bpfload/bpfload/internal/bpfsys"
	"github.com/bpfload/bpfload/internal/mapdef"
)

// hostOrder is the byte order of keys and of struct bpf_attr.
var hostOrder = binary.NativeEndian

func errnoOf(err error) syscall.Errno { return bpfsys.Errno(err) }

// loadError is a refused call about a map.
func loadError(stage Stage, code string, d *MapDef, err error) *Error {
	e := &Error{Stage: stage, Kind: kindOf(err), Code: code, Section: d.Section, Symbol: d.Name, Errno: errnoOf(err), Err: err}
	if !d.Internal {
		e.Offset = mapdef.At(d.Offset)
	}
	return e
}

// kindOf classifies an errno where no better explanation is at hand.
func kindOf(err error) error {
	switch {
	case errors.Is(err, ErrNotSupported), errors.Is(err, errors.ErrUnsupported):
		return ErrNotSupported
	case errors.Is(err, syscall.EPERM), errors.Is(err, syscall.EACCES):
		return ErrPrivilege
	}
	return ErrNotSupported
}

// createOrReuse takes the map from its pin, if it has one that exists and fits
// (R152 to R154), and creates it otherwise.
func (l *loader) createOrReuse(i int) error {
	m := &l.plan.Maps[i]
	if l.maps[i].passed {
		return l.keepPassed(i)
	}
	if l.maps[i].oldPassed {
		return l.replacePassed(i)
	}
	if m.StructOps != nil {
		if err := l.structOps(i); err != nil {
			return err
		}
	}
	if m.PinPath != "" {
		reused, err := l.reuse(i)
		if reused || err != nil {
			return err
		}
	}
	return l.create(i)
}

// create makes map i. The template of a map of maps is created before and
// closed afterwards (R144).
func (l *loader) create(i int) error {
	m := &l.plan.Maps[i]
	attr := &l.attr
	err := l.mapAttr(attr, &m.MapDef, m.KernelName, m.PerCPUEntries)
	if err != nil {
		return err
	}
	if attr.Ifindex, err = l.ifindex(m.Device); err != nil {
		return deviceError(loadError(StageMap, "device", &m.MapDef, err), m.Device, err)
	}
	if m.Inner != nil {
		inner, err := l.createTemplate(m)
		if err != nil {
			return err
		}
		defer l.k.Close(inner)
		attr.InnerMapFD = inner
	} else if m.InnerMap != mapdef.NoMap {
		if l.maps[m.InnerMap].fd == noFD {
			return mapError(&m.MapDef, "no_inner", fmt.Errorf("its template %q is not created", l.plan.Maps[m.InnerMap].Name), "")
		}
		attr.InnerMapFD = l.maps[m.InnerMap].fd
	} else if m.StructOps != nil {
		if err := l.structOpsAttr(i, attr); err != nil {
			return err
		}
	}
	fd, withBTF, err := l.createWithRetry(&m.MapDef, m.NeedsBTF, attr)
	if err != nil {
		return err
	}
	made := shapeOf(&m.MapDef, nil)
	made.perCPUEntries = m.PerCPUEntries
	if err := l.onHost(&m.MapDef, made); err != nil {
		return joinedClose(err, l.k.Close(fd))
	}
	l.maps[i].fd, l.maps[i].maxEntries, l.maps[i].withBTF = fd, made.maxEntries, withBTF
	l.trace("map %d %q: created, fd %d", i, m.Name, fd)
	return nil
}

func (l *loader) createTemplate(m *PlannedMap) (int, error) {
	attr := &bpfsys.MapAttr{}
	if err := l.mapAttr(attr, m.Inner, innerName(m.Name), m.InnerPerCPUEntries); err != nil {
		return noFD, err
	}
	needs := ""
	if t := l.plan.Object.file.BTF; t != nil {
		needs = specialField(t, m.Inner.ValueType)
	}
	fd, _, err := l.createWithRetry(m.Inner, needs, attr)
	if err != nil {
		return noFD, err
	}
	l.trace("map %q: template created, fd %d", m.Name, fd)
	return fd, nil
}

// mapAttr fills in a of a definition.
func (l *loader) mapAttr(a *bpfsys.MapAttr, d *MapDef, name string, perCPU bool) error {
	*a = bpfsys.MapAttr{Type: d.Type, KeySize: d.KeySize, ValueSize: d.ValueSize, MaxEntries: d.MaxEntries,
		Flags: d.Flags, Extra: d.Extra, NumaNode: d.NumaNode, Name: name, TokenFD: l.token.fd}
	if perCPU {
		n, err := l.k.PossibleCPUs()
		if err != nil {
			return loadError(StageMap, "cpus", d, err)
		}
		a.MaxEntries = uint32(n)
	}
	if l.btf != noFD && (d.KeyType != 0 || d.ValueType != 0) {
		a.BTFFD, a.KeyTypeID, a.ValueTypeID = l.btf, d.KeyType, d.ValueType
	}
	return nil
}

// createWithRetry creates a map, and when the kernel refuses it tries with less
// (createDegraded). A value that holds a lock, timer, list or kernel pointer is
// never without its types (R143, D11).
func (l *loader) createWithRetry(d *MapDef, needs string, a *bpfsys.MapAttr) (fd int, withBTF bool, err error) {
	if needs != "" && a.BTFFD == 0 {
		if l.btfErr != nil {
			return noFD, false, l.explainMap(d, a, l.btfErr, []allowance{needsCommand("btf_load", bpfsys.CmdBTFLoad)})
		}
		return noFD, false, &Error{Stage: StageMap, Kind: ErrNotSupported, Code: "btf_needed", Section: d.Section, Symbol: d.Name,
			Err: fmt.Errorf("the value holds a %s, which needs BTF, and the kernel took none", needs)}
	}
	fd, err = l.k.CreateMap(a)
	if err == nil {
		return fd, a.BTFFD != 0, nil
	}
	l.trace("map %q: %v", d.Name, err)
	fd, a, err = l.createDegraded(d, needs, a, err)
	if err != nil {
		return noFD, false, l.explainMap(d, a, err, mapAllowances(a))
	}
	return fd, a.BTFFD != 0, nil
}

// explainMap finds out why the kernel refused the map; needs are what a token must
// allow for the call that failed.
func (l *loader) explainMap(d *MapDef, a *bpfsys.MapAttr, err error, needs []allowance) error {
	e := loadError(StageMap, "map_create", d, err)
	if l.ctx.Err() != nil {
		return e
	}
	why := l.withToken(l.k.ExplainMap(a, err), err, needs)
	if why.Kind != nil {
		e.Kind = why.Kind
	}
	if why.Reason != "" {
		e.Err = fmt.Errorf("%s: %w", why.Reason, err)
	}
	e.Hint = why.Hint
	return e
}

// fill writes the initial value of a data map; a reused one keeps its own (R154).
func (l *loader) fill(i int) error {
	m := &l.plan.Maps[i]
	if l.maps[i].reused {
		return nil
	}
	value := m.Contents
	if m.Dialect == mapdef.DialectKconfig {
		var err error
		if value, err = l.fillKconfig(m); err != nil {
			return err
		}
	}
	if len(value) != int(m.ValueSize) { // overridden, or zero from some place on
		value = append(make([]byte, 0, m.ValueSize), value...)[:m.ValueSize]
	}
	if err := l.k.UpdateMap(l.maps[i].fd, make([]byte, 4), value, 0); err != nil {
		e := loadError(StageValue, "map_fill", &m.MapDef, err)
		e.Err = fmt.Errorf("its initial value cannot be written: %w", err)
		return e
	}
	return nil
}

// freeze forbids user space to change the map; a kernel before 5.2 cannot,
// which libbpf lets pass too.
func (l *loader) freeze(i int) error {
	if l.maps[i].reused {
		return nil
	}
	m := &l.plan.Maps[i]
	err := l.k.FreezeMap(l.maps[i].fd)
	if err == nil {
		return nil
	}
	if errors.Is(err, syscall.EINVAL) {
		l.warn(Warning{Code: "not_frozen", Map: m.Name, Section: m.Section, Message: "the kernel cannot freeze maps (Linux 5.2 can): user space could change it"})
		return nil
	}
	return loadError(StageValue, "map_freeze", &m.MapDef, err)
}

// setSlot puts a descriptor into a slot. A reused map of maps keeps its slots
// (R147); a reused program array is written anew (R148), but only at the end.
func (l *loader) setSlot(s Step, fd int, target string) error {
	m := &l.plan.Maps[s.Map]
	if fd == noFD {
		l.warn(Warning{Code: "slot_empty", Map: m.Name, Section: m.Section, Message: fmt.Sprintf("slot %d stays empty: %q was not loaded", s.Slot, target)})
		return nil
	}
	if l.maps[s.Map].reused && (s.Op == OpSetMapSlot || l.plan.mayBeReused(s.Map)) {
		return nil // commit replaces them
	}
	key := hostOrder.AppendUint32(nil, s.Slot)
	if err := l.k.UpdateMapFD(l.maps[s.Map].fd, key, fd, 0); err != nil {
		e := loadError(StageValue, "slot", &m.MapDef, err)
		e.Err = fmt.Errorf("slot %d does not take %q: %w", s.Slot, target, err)
		if errors.Is(err, syscall.EINVAL) {
			e.Hint = slotHint(s.Op)
		}
		return e
	}
	l.trace("map %d %q: slot %d = %q", s.Map, m.Name, s.Slot, target)
	return nil
}

func slotHint(op Op) string {
	if op == OpSetMapSlot {
		return "the inner map's type, key_size, value_size, map_flags (and for most types max_entries) must be those of the outer map's template"
	}
	return "all programs of one program array must have the same type, attach type and JIT state"
}
