//go:build linux

package main

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// reads measures every loader reading all objects in one process: what a service, a
// CI run or `check` does, without the start of a process around each.
func (b *bench) reads(round int) error {
	objects := b.loaded()
	paths := make([]string, len(objects))
	for i, o := range objects {
		paths[i] = o.path
	}
	if len(paths) == 0 {
		return nil
	}
	for i := range loaders {
		l := loaders[(i+round)%len(loaders)]
		out, err := exec.Command(filepath.Join(b.o.tools, l), append([]string{"reads"}, paths...)...).Output()
		if err != nil {
			return fmt.Errorf("%s reads: %w", l, err)
		}
		times, err := parseReads(string(out), len(objects))
		if err != nil {
			return fmt.Errorf("%s reads: %w", l, err)
		}
		for j, o := range objects {
			o.samples["reads "+l] = append(o.samples["reads "+l], sample{round: round, total: times[j]})
		}
	}
	return nil
}

// parseReads reads n lines "ok NS".
func parseReads(out string, n int) ([]time.Duration, error) {
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) != n {
		return nil, fmt.Errorf("%d lines for %d objects", len(lines), n)
	}
	times := make([]time.Duration, n)
	for i, line := range lines {
		word, ok := strings.CutPrefix(line, "ok ")
		ns, err := strconv.ParseInt(word, 10, 64)
		if !ok || err != nil {
			return nil, fmt.Errorf("object %d: %q", i+1, line)
		}
		times[i] = time.Duration(ns)
	}
	return times, nil
}
