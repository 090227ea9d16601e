package elfload

import (
	"fmt"
	"path/filepath"

	"github.com/bpfload/bpfload/internal/mapdef"
)

// DefaultBPFFS is where maps that ask for pinning by name are pinned (R81).
const DefaultBPFFS = "/sys/fs/bpf"

// planPins fixes every pin path before anything is created. Two objects that
// would share a file are an error.
func (p *Plan) planPins() error {
	taken := make(map[string]string)
	claim := func(path, what string) error {
		if other, ok := taken[path]; ok {
			return &Error{Stage: StagePlan, Kind: ErrUsage, Code: "pin_twice", Symbol: what,
				Err: fmt.Errorf("would be pinned as %q, and so would %q", path, other)}
		}
		taken[path] = what
		return nil
	}
	for i := range p.Maps {
		m := &p.Maps[i]
		dir, err := p.mapPinDir(m)
		if err != nil {
			return err
		}
		if dir == "" || !m.Create {
			continue
		}
		file, err := pinFile(m.Name)
		if err != nil {
			return mapError(&m.MapDef, "pin_name", err, "")
		}
		m.PinPath = filepath.Join(dir, file)
		if err := claim(m.PinPath, m.Name); err != nil {
			return err
		}
	}
	if p.opts.PinPath == "" {
		return nil
	}
	for i := range p.Programs {
		pr := &p.Programs[i]
		if !pr.Load {
			continue
		}
		file, err := pinFile(pr.Name)
		if err != nil {
			return &Error{Stage: StagePlan, Code: "pin_name", Section: pr.Section, Symbol: pr.Name, Err: err}
		}
		pr.PinPath = filepath.Join(p.opts.PinPath, "progs", file)
		if err := claim(pr.PinPath, pr.Name); err != nil {
			return err
		}
	}
	return nil
}

// mapPinDir is the directory that the map is pinned in, "" for none.
func (p *Plan) mapPinDir(m *PlannedMap) (string, error) {
	switch {
	case p.opts.PinPath != "":
		return filepath.Join(p.opts.PinPath, "maps"), nil
	case m.Pinning == mapdef.PinByName:
		if p.opts.BPFFS != "" {
			return p.opts.BPFFS, nil
		}
		return DefaultBPFFS, nil
	case m.Pinning != mapdef.PinNone:
		p.warn(Warning{Code: "not_pinned", Map: m.Name, Section: m.Section, Offset: mapdef.At(m.Offset),
			Message: fmt.Sprintf("the definition asks to be pinned (%s, %q), which is done only on request", m.Pinning, m.PinPath)})
	}
	return "", nil
}
