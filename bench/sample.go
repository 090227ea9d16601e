//go:build linux

package main

import (
	"bytes"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/bpfload/bpfload/bench/timing"
)

// loaders are the programs that are compared, by the names of their files. The
// first is bpfload's.
var loaders = [...]string{"own", "oracle", "cilium"}

// sample is one run of one loader on one object.
type sample struct {
	round  int
	first  time.Duration // what the program prints first: the open, or the time outside of bpf(2)
	total  time.Duration
	cpu    time.Duration
	peakKB int
	failed string // why it did not load
}

// sample runs a loader in a process of its own.
func (o *options) sample(loader, mode string, args ...string) sample {
	cmd := exec.Command(filepath.Join(o.tools, loader), append([]string{mode}, args...)...)
	if mode == "" {
		cmd.Args = append(cmd.Args[:1], args...)
	}
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}
	out, err := cmd.Output()
	s, ok := parseSample(string(bytes.TrimSpace(out)))
	if !ok && s.failed == "" {
		s.failed = fmt.Sprintf("%s: %v", loader, err)
	}
	if err := timing.Unpin(); err != nil {
		s.failed = err.Error()
	}
	return s
}

// parseSample reads "ok OPEN-NS TOTAL-NS CPU-NS PEAK-KB".
func parseSample(line string) (s sample, ok bool) {
	words := strings.Fields(line)
	if len(words) != 5 || words[0] != "ok" {
		s.failed = line
		return s, false
	}
	var n [4]int64
	for i, w := range words[1:] {
		v, err := strconv.ParseInt(w, 10, 64)
		if err != nil {
			s.failed = line
			return s, false
		}
		n[i] = v
	}
	return sample{first: time.Duration(n[0]), total: time.Duration(n[1]), cpu: time.Duration(n[2]), peakKB: int(n[3])}, true
}
