//go:build !unix

package bpfsys

import "syscall"

func errnoName(syscall.Errno) string { return "" }
