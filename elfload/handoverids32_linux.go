//go:build linux && (386 || arm)

package elfload

import "syscall"

// The calls without "32" have ids of 16 bits here.
const (
	sysSetgroups = syscall.SYS_SETGROUPS32
	sysSetresgid = syscall.SYS_SETRESGID32
	sysSetresuid = syscall.SYS_SETRESUID32
)
