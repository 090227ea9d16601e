package mapdef

import (
	"errors"
	"strconv"
	"strings"
	"syscall"
)

// Kinds of failure that a caller would branch on; errors.Is finds them in
// every *Error. Their text is not part of messages.
var (
	ErrBadObject       = errors.New("malformed object or invalid definition")
	ErrUsage           = errors.New("wrong usage")
	ErrPrivilege       = errors.New("privilege is missing")
	ErrNotSupported    = errors.New("not supported by this kernel")
	ErrVerifier        = errors.New("rejected by the verifier")
	ErrIncompatiblePin = errors.New("pinned map is not compatible")
)

// Stage is the part of a load in which an error happened (the "stage" of the
// JSON document).
type Stage string

// The stages, in the order in which they run.
const (
	StageRead    Stage = "read"
	StagePlan    Stage = "plan"
	StageMap     Stage = "map"
	StageValue   Stage = "value"
	StageProgram Stage = "program"
	StagePin     Stage = "pin"
	StageAttach  Stage = "attach"
)

// Offset is a place in bytes; its zero value is "no place".
type Offset struct {
	Bytes uint64
	Known bool
}

// At is the known offset of n bytes.
func At(n uint64) Offset { return Offset{Bytes: n, Known: true} }

// IsZero makes an unknown offset absent in JSON (omitzero).
func (o Offset) IsZero() bool { return !o.Known }

// MarshalJSON writes a number.
func (o Offset) MarshalJSON() ([]byte, error) { return strconv.AppendUint(nil, o.Bytes, 10), nil }

// Error is the one error type: what was refused, where, and why.
type Error struct {
	// Kind is one of the sentinels above; nil counts as ErrBadObject where the
	// stage is read or plan.
	Kind  error
	Stage Stage
	// Code is stable and machine readable: "unknown_member", "reloc_target", …
	Code string
	// Section and Symbol name the place, Offset is in bytes from the start of
	// the section. Any of them may be absent.
	Section string
	Symbol  string
	Offset  Offset
	// Err says what is wrong, in words, without repeating the place. It wraps
	// the cause if there is one.
	Err error
	// Errno is the kernel's answer, 0 when no system call was made.
	Errno syscall.Errno
	// Hint says what to do, as one sentence; Log is the verifier's.
	Hint string
	Log  string
	// Source is the C line in question, zero where nothing tells it.
	Source SourceLine
}

// SourceLine is a place in C as the compiler told it.
type SourceLine struct {
	File, Text string
	Line, Col  uint32 // from 1, 0 when not known
}

// Error gives the place once and then the reason: `section ".maps", symbol
// "outer", offset 0x40: relocation is not on a pointer slot`.
func (e *Error) Error() string {
	var b strings.Builder
	sep := ""
	if e.Section != "" {
		b.WriteString("section " + strconv.Quote(e.Section))
		sep = ", "
	}
	if e.Symbol != "" {
		b.WriteString(sep + "symbol " + strconv.Quote(e.Symbol))
		sep = ", "
	}
	if e.Offset.Known {
		b.WriteString(sep + "offset 0x" + strconv.FormatUint(e.Offset.Bytes, 16))
		sep = ", "
	}
	if sep != "" {
		b.WriteString(": ")
	}
	if e.Err != nil {
		b.WriteString(e.Err.Error())
	} else if e.Kind != nil {
		b.WriteString(e.Kind.Error())
	}
	return b.String()
}

// Unwrap gives the kind, the reason and the errno to errors.Is and errors.As.
func (e *Error) Unwrap() []error {
	var all []error
	switch {
	case e.Kind != nil:
		all = append(all, e.Kind)
	case e.Stage == StageRead || e.Stage == StagePlan || e.Stage == "":
		all = append(all, ErrBadObject)
	}
	if e.Err != nil {
		all = append(all, e.Err)
	}
	if e.Errno != 0 {
		all = append(all, e.Errno)
	}
	return all
}
