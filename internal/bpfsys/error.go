package bpfsys

import (
	"errors"
	"strings"
	"syscall"

	"github.com/bpfload/bpfload/internal/mapdef"
)

// errNoBPF is the answer of every call on systems without bpf(2).
var errNoBPF = errNotLinux{}

type errNotLinux struct{}

func (errNotLinux) Error() string { return "bpf(2) exists only on linux" }
func (errNotLinux) Unwrap() []error {
	return []error{mapdef.ErrNotSupported, errors.ErrUnsupported}
}

// Arg is one attribute of a system call, its value in words.
type Arg struct{ Name, Value string }

// SyscallError is a bpf(2) call that failed.
type SyscallError struct {
	Command string // "BPF_MAP_CREATE"
	Args    []Arg  // those that were set, in the order of the attribute's layout
	Errno   syscall.Errno
}

// Error is `BPF_MAP_CREATE(map_type=hash, key_size=4, …): invalid argument (EINVAL)`.
func (e *SyscallError) Error() string {
	var b strings.Builder
	b.WriteString(e.Command)
	b.WriteByte('(')
	for i, a := range e.Args {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(a.Name + "=" + a.Value)
	}
	b.WriteString("): ")
	b.WriteString(ErrnoText(e.Errno))
	return b.String()
}

// Unwrap gives the errno.
func (e *SyscallError) Unwrap() error { return e.Errno }

// Is tells that ENOTSUPP, of which package syscall knows nothing, means
// errors.ErrUnsupported.
func (e *SyscallError) Is(target error) bool {
	return target == errors.ErrUnsupported && e.Errno == ENOTSUPP
}

// Errno is the errno inside err, 0 when there is none.
func Errno(err error) syscall.Errno {
	var e syscall.Errno
	if errors.As(err, &e) {
		return e
	}
	return 0
}
