package elfload

import "github.com/bpfload/bpfload/internal/mapdef"

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
