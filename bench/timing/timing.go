//go:build linux

// Package timing is what the measured programs of package bench share.
package timing

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
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

// rounds is how often Around goes through the objects.
const rounds = 3

// Around measures all objects in this process, three times around, and prints a line
// for each in their order: "ok FIRST-NS TOTAL-NS" of the round with the shortest
// total, or "fail MESSAGE".
func Around(paths []string, measure func(path string) (first, total time.Duration, err error)) {
	type result struct {
		first, total time.Duration
		err          error
	}
	results := make([]result, len(paths))
	for round := range rounds {
		for i, path := range paths {
			r := &results[i]
			first, total, err := measure(path)
			switch {
			case err != nil:
				r.err = err
			case round == 0 || total < r.total:
				r.first, r.total = first, total
			}
		}
	}
	for _, r := range results {
		if r.err != nil {
			line, _, _ := strings.Cut(r.err.Error(), "\n")
			fmt.Println("fail", line)
		} else {
			fmt.Println("ok", r.first.Nanoseconds(), r.total.Nanoseconds())
		}
	}
}

// Reads is Around with a reader.
func Reads(paths []string, read func(path string) error) {
	Around(paths, func(path string) (first, total time.Duration, err error) {
		begin := time.Now()
		err = read(path)
		total = time.Since(begin)
		return total, total, err
	})
}

// BPFFS is where the loaders pin. The script mounts one for the measured programs
// alone.
const BPFFS = "/sys/fs/bpf"

// Unpin removes what a loader has pinned, so that the next one finds nothing; not
// the two iterators that the kernel itself may have put there.
func Unpin() error {
	entries, err := os.ReadDir(BPFFS)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if name := e.Name(); name == "maps.debug" || name == "progs.debug" {
			continue
		}
		if err := os.RemoveAll(filepath.Join(BPFFS, e.Name())); err != nil {
			return err
		}
	}
	return nil
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
