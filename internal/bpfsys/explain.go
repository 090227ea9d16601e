package bpfsys

import (
	"strings"
	"syscall"
)

// Prober is the part of the kernel that an explanation asks. [Kernel] is the
// running one.
type Prober interface {
	MapCreate(*MapAttr) (fd int, err error)
	ProgLoad(*ProgAttr) (fd int, log string, err error)
	Close(fd int) error
	Host() Host
	// Oversized makes the command with an attribute that is larger than any kernel
	// takes, and gives its errno.
	Oversized(cmd int) syscall.Errno
}

// Kernel is the running kernel as a Prober.
type Kernel struct{}

// MapCreate is [MapCreate].
func (Kernel) MapCreate(a *MapAttr) (int, error) { return MapCreate(a) }

// ProgLoad is [ProgLoad].
func (Kernel) ProgLoad(a *ProgAttr) (int, string, error) { return ProgLoad(a) }

// Close is [Close].
func (Kernel) Close(fd int) error { return Close(fd) }

// Host is [ReadHost].
func (Kernel) Host() Host { return ReadHost() }

// Oversized is [Oversized].
func (Kernel) Oversized(cmd int) syscall.Errno { return Oversized(cmd) }

// Diagnosis says why the kernel refused something, for people.
type Diagnosis struct {
	// Kind is mapdef.ErrPrivilege, ErrNotSupported, ErrBadObject (the
	// definition itself is not valid) or, for programs, ErrVerifier; nil when
	// nothing is known.
	Kind error
	// Attribute is the attribute that the kernel refuses, by its name in union
	// bpf_attr ("map_flags"); "" when it is not one attribute.
	Attribute string
	// Reason is what is wrong, in words, lower case, without a full stop.
	Reason string
	// Hint is what to do, as a sentence without a full stop; "" if nothing helps.
	Hint string
}

// Problem is one reason why the kernel refuses an attribute.
type Problem struct {
	Attribute string
	// Flag is the bit in question where the attribute is map_flags and there is
	// one bit to blame, else 0.
	Flag   uint32
	Reason string
	// Errno is what the kernel answers.
	Errno syscall.Errno
}

// join is the reasons, separated by "; ".
func join(reasons []string) string { return strings.Join(reasons, "; ") }
