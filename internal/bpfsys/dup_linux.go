package bpfsys

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// Dup is another descriptor for the same object, at least 3 and close-on-exec.
// The caller closes it.
func Dup(fd int) (int, error) {
	n, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return -1, &SyscallError{Command: "F_DUPFD_CLOEXEC", Errno: err.(syscall.Errno)}
	}
	return n, nil
}
