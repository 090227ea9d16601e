//go:build unix

package kerneltest

import (
	"syscall"
	"time"
)

// CPUTime is what this process has used of the CPUs until now, in user and kernel
// mode: unlike the time of day it does not go on while others run.
func CPUTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
