package elfload

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/bpfload/bpfload/internal/mapdef"
)

// DefaultBPFFS is where maps that ask for pinning by name are pinned (R81).
const DefaultBPFFS = "/sys/fs/bpf"

// planPins fixes every pin path before anything is created. Two objects that
// would share a file are an error.
func (p *Plan) planPins() error {
	if err := p.planPinMode(); err != nil {
		return err
	}
	if err := p.planMismatch(); err != nil {
		return err
	}
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
		if !m.Create || m.FD != 0 {
			continue
		}
		if err := p.planMapPin(m); err != nil {
			return err
		}
		if m.PinPath == "" {
			continue
		}
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

// planMapPin settles PlannedMap.PinPath.
func (p *Plan) planMapPin(m *PlannedMap) error {
	dir := ""
	switch {
	case p.opts.PinPath != "":
		dir = filepath.Join(p.opts.PinPath, "maps")
	case m.Pinning == mapdef.PinByName:
		dir = p.bpffs()
	case m.Pinning != mapdef.PinNone && p.opts.DialectPins:
		return p.dialectPin(m)
	case m.Pinning != mapdef.PinNone:
		p.warn(Warning{Code: "not_pinned", Map: m.Name, Section: m.Section, Offset: mapdef.At(m.Offset),
			Message: fmt.Sprintf("the definition asks to be pinned (%s, %q), which is done only on request (--dialect-pins)", m.Pinning, m.MapDef.PinPath)})
	}
	if dir == "" {
		return nil
	}
	file, err := pinFile(m.Name)
	if err != nil {
		return mapError(&m.MapDef, "pin_name", err, "")
	}
	m.PinPath = filepath.Join(dir, file)
	return nil
}

// bpffs is the root of bpffs for pins that definitions ask for.
func (p *Plan) bpffs() string {
	if p.opts.BPFFS != "" {
		return p.opts.BPFFS
	}
	return DefaultBPFFS
}

// dialectPin is the place that the definition's dialect gives (L57, L72, L81,
// L87, L94, L97): below the root of bpffs, and never above it.
func (p *Plan) dialectPin(m *PlannedMap) error {
	at := m.MapDef.PinPath
	if at == "" {
		p.warn(Warning{Code: "not_pinned", Map: m.Name, Section: m.Section, Offset: mapdef.At(m.Offset),
			Message: fmt.Sprintf("the definition asks to be pinned (%s) at a place that is not known", m.Pinning)})
		return nil
	}
	root := filepath.Clean(p.bpffs())
	path := filepath.Clean(at)
	if !filepath.IsAbs(path) {
		path = filepath.Join(root, path)
	}
	if !strings.HasPrefix(path, root+"/") || strings.ContainsRune(path, 0) {
		return mapError(&m.MapDef, "pin_name", fmt.Errorf("its place %q is outside %q", at, root), "name another root with --bpffs")
	}
	m.PinPath = path
	return nil
}
