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

// around measures every loader reading, and loading, all objects in one process: what a
// service, a CI run or `check` does, without the start of a process around each. An
// object that does not load so has no sample; the report says why.
func (b *bench) around(round int) error {
	objects := b.loaded()
	paths := make([]string, len(objects))
	for i, o := range objects {
		paths[i] = o.path
	}
	if len(paths) == 0 {
		return nil
	}
	run := func(loader, mode, name string) error {
		out, err := exec.Command(filepath.Join(b.o.tools, loader), append([]string{mode}, paths...)...).Output()
		if err != nil {
			return fmt.Errorf("%s %s: %w", loader, mode, err)
		}
		samples, err := parseAround(string(out), len(objects))
		if err != nil {
			return fmt.Errorf("%s %s: %w", loader, mode, err)
		}
		for j, o := range objects {
			s := samples[j]
			if s.failed != "" {
				o.notAgain = name + ": " + s.failed
				continue
			}
			s.round = round
			o.samples[name] = append(o.samples[name], s)
		}
		return nil
	}
	for _, mode := range [...]string{"reads", "loads"} {
		for i := range loaders {
			l := loaders[(i+round)%len(loaders)]
			if err := run(l, mode, mode+" "+l); err != nil {
				return err
			}
		}
	}
	return run("own", "outsides", "outsides")
}

// parseAround reads n lines "ok FIRST-NS TOTAL-NS" or "fail MESSAGE".
func parseAround(out string, n int) ([]sample, error) {
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if len(lines) != n {
		return nil, fmt.Errorf("%d lines for %d objects", len(lines), n)
	}
	samples := make([]sample, n)
	for i, line := range lines {
		if why, failed := strings.CutPrefix(line, "fail "); failed {
			samples[i].failed = why
			continue
		}
		words := strings.Fields(line)
		if len(words) != 3 || words[0] != "ok" {
			return nil, fmt.Errorf("object %d: %q", i+1, line)
		}
		for j, to := range [...]*time.Duration{&samples[i].first, &samples[i].total} {
			ns, err := strconv.ParseInt(words[1+j], 10, 64)
			if err != nil {
				return nil, fmt.Errorf("object %d: %q", i+1, line)
			}
			*to = time.Duration(ns)
		}
	}
	return samples, nil
}
