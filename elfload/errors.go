package elfload

import (
	"errors"
	"slices"

	"github.com/bpfload/bpfload/internal/mapdef"
)

// Error is the type of every error of this package: what was refused, where
// (section, symbol, offset), at which stage, and the kernel's errno and log.
type Error = mapdef.Error

// Stage is the part of a load in which an error happened.
type Stage = mapdef.Stage

// Offset is a place in bytes, or none.
type Offset = mapdef.Offset

// SourceLine is a line of C.
type SourceLine = mapdef.SourceLine

// Warning tells of something that was left out or changed on purpose.
type Warning = mapdef.Warning

// The stages of a load, in order.
const (
	StageRead    = mapdef.StageRead
	StagePlan    = mapdef.StagePlan
	StageMap     = mapdef.StageMap
	StageValue   = mapdef.StageValue
	StageProgram = mapdef.StageProgram
	StagePin     = mapdef.StagePin
	StageAttach  = mapdef.StageAttach
)

// What a caller would branch on: errors.Is(err, elfload.ErrPrivilege).
var (
	ErrBadObject       = mapdef.ErrBadObject
	ErrUsage           = mapdef.ErrUsage
	ErrPrivilege       = mapdef.ErrPrivilege
	ErrNotSupported    = mapdef.ErrNotSupported
	ErrVerifier        = mapdef.ErrVerifier
	ErrIncompatiblePin = mapdef.ErrIncompatiblePin
)

// kinds are the errors that a caller would branch on, in the order in which
// they count for an error that is several things.
var kinds = [...]error{ErrUsage, ErrIncompatiblePin, ErrVerifier, ErrPrivilege, ErrNotSupported, ErrBadObject}

// Kind is the one of the errors above that err is: what the outermost *Error
// says it is, else the first that it wraps; nil for none and for other errors.
func Kind(err error) error {
	var e *Error
	if !errors.As(err, &e) {
		return nil
	}
	if slices.Contains(kinds[:], e.Kind) {
		return e.Kind
	}
	for _, k := range kinds {
		if errors.Is(e, k) {
			return k
		}
	}
	return nil
}
