//go:build !linux

package bpfsys

// Dup fails: there is no bpf(2) here, so nothing of it can be duplicated.
func Dup(fd int) (int, error) { return -1, errNoBPF }
