package bpfsys

import "syscall"

// ErrnoName is the errno's symbol, "EINVAL", or "" for one that has none.
func ErrnoName(e syscall.Errno) string {
	if e == ENOTSUPP {
		return "ENOTSUPP"
	}
	return errnoName(e)
}
