//go:build linux

// Package timing is what the measured programs of package bench share.
package timing

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// Watch measures from Start on.
type Watch struct {
	Begin time.Time
	cpu   time.Duration
}

// Times is what passed: by the clock, and what all threads together spent on a
// processor.
type Times struct{ Wall, CPU time.Duration }

// Start begins to measure.
func Start() Watch {
	cpu := cpuTime()
	return Watch{Begin: time.Now(), cpu: cpu}
}

// Stop is what has passed since Start. It may be called again.
func (w Watch) Stop() Times {
	wall := time.Since(w.Begin)
	return Times{Wall: wall, CPU: cpuTime() - w.cpu}
}

func cpuTime() time.Duration {
	var t unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &t)
	return time.Duration(t.Nano())
}

// Print writes the line that package bench reads.
func Print(first time.Duration, total Times) {
	fmt.Println("ok", first.Nanoseconds(), total.Wall.Nanoseconds(), total.CPU.Nanoseconds(), peakKB())
}

// peakKB is the most memory in KiB that the process has had resident, 0 if the
// kernel does not tell.
func peakKB() int {
	text, _ := os.ReadFile("/proc/self/status")
	for line := range bytes.Lines(text) {
		if fields := bytes.Fields(line); len(fields) > 1 && string(fields[0]) == "VmHWM:" {
			n, _ := strconv.Atoi(string(fields[1]))
			return n
		}
	}
	return 0
}
