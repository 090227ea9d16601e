//go:build !unix

package kerneltest

import "time"

var started = time.Now()

// CPUTime is the time since the start of the process, for want of a better measure.
func CPUTime() time.Duration { return time.Since(started) }
