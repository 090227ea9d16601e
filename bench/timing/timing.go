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

// rounds is how often Reads reads each object.
const rounds = 3

// Reads reads all objects in this process, three times around, and prints a line
// for each in their order: "ok NS" with the shortest time, or "fail MESSAGE".
func Reads(paths []string, read func(path string) error) {
	best := make([]time.Duration, len(paths))
	errs := make([]error, len(paths))
	for round := range rounds {
		for i, path := range paths {
			begin := time.Now()
			err := read(path)
			took := time.Since(begin)
			if round == 0 || took < best[i] {
				best[i] = took
			}
			if err != nil {
				errs[i] = err
			}
		}
	}
	for i := range paths {
		if errs[i] != nil {
			fmt.Printf("fail %.100q\n", errs[i].Error())
		} else {
			fmt.Println("ok", best[i].Nanoseconds())
		}
	}
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
