package elfload

import (
	"errors"
	"slices"
	"syscall"

	"github.com/bpfload/bpfload/internal/mapdef"
)

// objects moves what a map of maps or program array holds, but for slots that
// the object fills itself. Maps that are replaced too are taken as the new ones.
func (c *copier) objects(i int) error {
	kind := mapdef.TargetMap
	if c.contents == programs {
		kind = mapdef.TargetProgram
	}
	var own []uint32
	for _, s := range c.m.Slots {
		if s.Target.Kind == kind {
			own = append(own, s.Index)
		}
	}
	stale, err := c.staleCode(i, c.from)
	if err != nil {
		return err
	}
	return c.walk(func(key []byte) error {
		if len(key) == 4 && slices.Contains(own, hostOrder.Uint32(key)) {
			return nil
		}
		return c.object(key, stale)
	})
}

// object moves one map or program.
func (c *copier) object(key []byte, stale uint32) error {
	id, ok, err := c.held(c.from, key)
	if err != nil || !ok {
		return err
	}
	var fd int
	if c.contents == programs {
		fd, err = c.k.ProgramByID(id)
	} else if j := c.replacement(id); j >= 0 {
		fd, err = c.k.Dup(c.maps[j].fd)
	} else {
		fd, err = c.k.MapByID(id, 0)
	}
	if errors.Is(err, syscall.ENOENT) {
		return nil // gone meanwhile
	}
	if err != nil {
		return c.fail("migrate_read", err)
	}
	if c.contents == programs && stale != 0 {
		info, err := c.k.ProgInfo(fd)
		if err != nil {
			return joinedClose(c.fail("migrate_read", err), c.k.Close(fd))
		}
		if info.BTFID == stale {
			return c.k.Close(fd)
		}
	}
	err = c.k.UpdateMapFD(c.to, key, fd, 0)
	if closing := c.k.Close(fd); err == nil {
		err = closing
	}
	if err != nil {
		return c.fail("migrate_write", err)
	}
	c.done++
	return nil
}

// held is the id of what a slot holds, false for an empty one.
func (l *loader) held(fd int, key []byte) (id uint32, ok bool, err error) {
	var value [4]byte
	err = l.k.LookupMap(fd, key, value[:], 0)
	if errors.Is(err, syscall.ENOENT) {
		return 0, false, nil
	}
	return hostOrder.Uint32(value[:]), err == nil, err
}

// replacement is the index of the map that takes the place of the one with that
// id, -1 for none.
func (l *loader) replacement(id uint32) int {
	return slices.IndexFunc(l.maps, func(m loadedMap) bool { return m.old != nil && m.old.info.ID == id })
}
