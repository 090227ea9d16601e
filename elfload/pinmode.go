package elfload

import (
	"fmt"
	"io/fs"
	"path/filepath"
)

// PinMode says what a load does about pins that are there already.
type PinMode string

// The pin modes. PinReuse is what "" means.
const (
	PinReuse     PinMode = "reuse"      // use maps that are pinned, make those that are not
	PinCreate    PinMode = "create"     // make all; a pin that is there is an error
	PinMustExist PinMode = "must-exist" // use all; a map that is not pinned is an error
)

// PinModes are the values of Options.PinMode.
func PinModes() []PinMode { return []PinMode{PinReuse, PinCreate, PinMustExist} }

// PinAccess says who may use the pins that a load makes, and the directories.
type PinAccess struct {
	// Mode of the pins; 0 leaves 0600. Directories that the load makes get it too,
	// with the right to search them for whoever may read or write, else 0700.
	Mode fs.FileMode
	// Group owns the pins and directories; nil leaves the process's own.
	Group *uint32
}

// planPinMode refuses modes that are none.
func (p *Plan) planPinMode() error {
	bad := func(format string, args ...any) error {
		return &Error{Stage: StagePlan, Kind: ErrUsage, Code: "pin_mode", Err: fmt.Errorf(format, args...)}
	}
	switch p.opts.PinMode {
	case "", PinReuse, PinCreate, PinMustExist:
	default:
		return bad("pin mode %q is none of %v", p.opts.PinMode, PinModes())
	}
	if p.opts.PinAccess.Mode&^0o777 != 0 {
		return bad("the mode %#o of pins has more than permissions", uint32(p.opts.PinAccess.Mode))
	}
	return nil
}

// checkPinMode looks, before anything is created, whether the pins are there
// that the mode wants or forbids.
func (l *loader) checkPinMode() error {
	mode := l.plan.opts.PinMode
	if mode == "" || mode == PinReuse {
		return nil
	}
	for _, s := range l.plan.Steps {
		path, section, name := "", "", ""
		switch s.Op {
		case OpPinMap:
			m := &l.plan.Maps[s.Map]
			path, section, name = m.PinPath, m.Section, m.Name
		case OpPinProgram:
			if p := &l.plan.Programs[s.Program]; mode == PinCreate {
				path, section, name = p.PinPath, p.Section, p.Name
			}
		case OpPinLink:
			if li := &l.plan.Links[s.Link]; mode == PinCreate {
				path, name = li.PinPath, li.Name
			}
		}
		if path == "" {
			continue
		}
		there, err := l.k.Exists(path)
		if err != nil {
			return pinError(path, err)
		}
		if there == (mode == PinCreate) {
			return pinModeError(path, section, name, mode)
		}
	}
	return nil
}

// pinModeError is the error of a pin that the mode does not want there, or wants.
func pinModeError(path, section, name string, mode PinMode) *Error {
	what, code := "is there already", "pin_exists"
	if mode == PinMustExist {
		what, code = "is not there", "pin_missing"
	}
	return &Error{Kind: ErrIncompatiblePin, Stage: StagePin, Code: code, Section: section, Symbol: name,
		Err: fmt.Errorf("pin %q %s, and the pin mode is %s", path, what, mode)}
}

// share gives a pin or directory that this load has made to those who may use it.
func (l *loader) share(path string, dir bool) error {
	a := l.plan.opts.PinAccess
	if mode := a.Mode; mode != 0 {
		if dir {
			mode |= 0o700 | mode&0o444>>2 | mode&0o222>>1
		}
		if err := l.k.Chmod(path, mode); err != nil {
			return fmt.Errorf("the mode of %q: %w", filepath.Base(path), err)
		}
	}
	if a.Group != nil {
		if err := l.k.Chown(path, -1, int(*a.Group)); err != nil {
			return fmt.Errorf("the group of %q: %w", filepath.Base(path), err)
		}
	}
	return nil
}
