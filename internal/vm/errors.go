package vm

import (
	"errors"
	"fmt"
	"strings"
)

// What callers decide on.
var (
	// ErrNoQEMU is that the emulator is not installed.
	ErrNoQEMU = errors.New("qemu is not installed")
	// ErrTimeout is that the guest took longer than Options.Timeout.
	ErrTimeout = errors.New("the guest took too long")
	// ErrDied is that the guest ended before the command did.
	ErrDied = errors.New("the guest died")
	// ErrInput is that the guest could not be made of what the caller gave: the
	// kernel, a file, a module, the binary.
	ErrInput = errors.New("the guest cannot be made")
)

// Error is a guest that did not come to its end. Its text leaves the kernel to
// the caller, who named it.
type Error struct {
	Kernel string // as in Options
	Err    error  // wraps one of the above
	// Phase is how far the guest came: "boot", "setup", "command".
	Phase string
	// Console is the end of what the kernel printed, by line. After a panic it
	// begins with the line that tells it, where that is not too far away.
	Console []string
	// QEMU is what the emulator itself said.
	QEMU string
}

func (e *Error) Error() string {
	s := e.Err.Error()
	if e.Phase != "" {
		s += " (" + e.Phase + ")"
	}
	if e.QEMU != "" {
		s += ": " + strings.Join(strings.Fields(e.QEMU), " ")
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// input is an error about what the caller gave.
func input(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrInput, fmt.Errorf(format, args...))
}
