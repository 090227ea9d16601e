package elfload

import "fmt"

// suppliedMaps settles which maps the caller gives descriptors for. Tail calls
// are found again: such a map is nobody's program array by section name (L34).
func (p *Plan) suppliedMaps(defs []MapDef) error {
	given := false
	for i := range defs {
		if defs[i].FD < 0 {
			return mapError(&defs[i], "fixup", fmt.Errorf("descriptor %d of the hook is none", defs[i].FD), "")
		}
		given = given || defs[i].FD != 0
	}
	if !given || len(p.calls) == 0 {
		return nil
	}
	for _, c := range p.calls {
		d := &defs[c.mapIndex]
		for i, s := range d.Slots {
			if s.Index == c.slot.Index {
				d.Slots = append(d.Slots[:i:i], d.Slots[i+1:]...)
				break
			}
		}
	}
	visible := append([]MapDef(nil), defs...)
	for i := range visible {
		if visible[i].FD != 0 {
			visible[i].Type = 0
		}
	}
	var warns []Warning
	var err error
	if p.calls, warns, err = p.Object.tailCalls(visible); err != nil {
		return err
	}
	p.Warnings = append(p.Warnings, warns...)
	return applyTailCalls(defs, p.calls, p.Object.Programs)
}

// use takes a map that the caller supplies. It must be of the definition's kind:
// programs and templates are compiled against that.
func (l *loader) use(i int) error {
	m := &l.plan.Maps[i]
	fd, err := l.k.Dup(m.FD)
	if err != nil {
		return loadError(StageMap, "map_supplied", &m.MapDef, fmt.Errorf("the descriptor that the hook gave: %w", err))
	}
	l.maps[i].fd = fd
	info, err := l.k.MapInfo(fd)
	if err != nil {
		return loadError(StageMap, "map_supplied", &m.MapDef, fmt.Errorf("the descriptor that the hook gave is not a map's: %w", err))
	}
	if info.Type != m.Type || info.KeySize != m.KeySize || info.ValueSize != m.ValueSize {
		e := mapError(&m.MapDef, "map_supplied", fmt.Errorf("the hook gave a map of type %s with keys of %d and values of %d bytes instead of %s, %d and %d",
			mapTypeName(info.Type), info.KeySize, info.ValueSize, mapTypeName(m.Type), m.KeySize, m.ValueSize), "")
		e.Stage, e.Kind = StageMap, ErrUsage
		return e
	}
	l.maps[i] = loadedMap{fd: fd, maxEntries: info.MaxEntries, withBTF: info.BTFID != 0, reused: true}
	return nil
}
