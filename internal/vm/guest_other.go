//go:build !linux

package vm

// Main returns: guests run Linux.
func Main() {}
