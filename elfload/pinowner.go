package elfload

import (
	"fmt"
	"os"
)

// ownPin gives a pin that the definition's dialect asked for the mode and owner
// that the definition states, where it states any (L94).
func (l *loader) ownPin(m *PlannedMap, path string) error {
	if !l.plan.opts.DialectPins || m.MapDef.PinPath == "" {
		return nil
	}
	if mode, ok := m.ExtValue("mode"); ok && mode.Value != 0 {
		if err := l.k.Chmod(path, os.FileMode(mode.Value)&os.ModePerm); err != nil {
			return l.pinMapError(m, fmt.Errorf("its mode: %w", err))
		}
	}
	uid, hasUID := m.ExtValue("uid")
	gid, hasGID := m.ExtValue("gid")
	if !hasUID && !hasGID {
		return nil
	}
	if err := l.k.Chown(path, int(uint32(uid.Value)), int(uint32(gid.Value))); err != nil {
		return l.pinMapError(m, fmt.Errorf("its owner: %w", err))
	}
	return nil
}
