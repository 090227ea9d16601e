package bpfsys

import (
	"fmt"
	"syscall"
)

// ENOTSUPP is the kernel's own "not supported" (include/linux/errno.h), which
// bpf(2) lets out although user space has no name for it.
const ENOTSUPP = syscall.Errno(524)

// ErrnoText is the errno's text with its name, "invalid argument (EINVAL)".
func ErrnoText(e syscall.Errno) string {
	if e == ENOTSUPP {
		return "not supported by this kernel (ENOTSUPP, 524)"
	}
	if name := errnoName(e); name != "" {
		return e.Error() + " (" + name + ")"
	}
	return fmt.Sprintf("%s (%d)", e.Error(), uint64(e))
}
