//go:build linux

package main

import (
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/bpfload/bpfload/bench/timing"
)

// checkObjects is how many objects the check row is about.
const checkObjects = 500

// check compares `bpfload check` of many objects in one process with a loop of
// `bpftool prog loadall`.
func (b *bench) check() (row, error) {
	paths := make([]string, 0, checkObjects)
	for _, o := range b.objects {
		if o.refused == "" && len(paths) < checkObjects {
			paths = append(paths, o.path)
		}
	}
	r := row{what: fmt.Sprintf("`check` of %d objects in one process", len(paths)), against: "a loop of `bpftool prog loadall`", goal: 0.4,
		low: math.Inf(1), high: math.Inf(-1)}
	own, other := math.Inf(1), math.Inf(1)
	refused := 0
	for range 2 {
		x, _, err := b.command(filepath.Join(b.o.tools, "bpfload"), append([]string{"check", "--format", "json"}, paths...)...)
		if err != nil {
			return r, err
		}
		y, n, err := b.loadallLoop(paths)
		if err != nil {
			return r, err
		}
		refused = n
		own, other = min(own, x), min(other, y)
		r.low, r.high = min(r.low, x/y), max(r.high, x/y)
	}
	r.value = own / other
	r.detail = fmt.Sprintf("%.1f s against %.1f s; bpftool refuses %d of them", own/1e9, other/1e9, refused)
	return r, nil
}

// loadallLoop gives how long it takes, and how many objects were refused.
func (b *bench) loadallLoop(paths []string) (ns float64, refused int, err error) {
	for _, path := range paths {
		t, ok, err := b.command("bpftool", "prog", "loadall", path, filepath.Join(timing.BPFFS, "bench"))
		if err != nil {
			return 0, 0, err
		}
		if !ok {
			refused++
		}
		ns += t
		if err := timing.Unpin(); err != nil {
			return 0, 0, err
		}
	}
	return ns, refused, nil
}

// command is how long a process takes, from before its start to its end, and
// whether it ended well; the error says that it could not be started.
func (b *bench) command(name string, args ...string) (ns float64, ok bool, err error) {
	cmd := exec.Command(name, args...)
	begin := time.Now()
	err = cmd.Run()
	took := time.Since(begin)
	if cmd.ProcessState == nil {
		return 0, false, err
	}
	if b.o.cpu {
		took = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	}
	return float64(took), err == nil, nil
}

// processPairs is how often the smallest object is loaded by each.
const processPairs = 60

// process compares whole processes on the smallest object.
func (b *bench) process() (row, error) {
	var small *object
	for _, o := range b.objects {
		if o.refused == "" && o.programs > 0 && (small == nil || o.size < small.size) {
			small = o
		}
	}
	if small == nil {
		return row{}, errors.New("no object has a program")
	}
	r := row{what: "whole process, smallest object (`bpfload load x.o`)", against: "`bpftool prog load`", goal: 1}
	var ratios, own, other []float64
	pin := filepath.Join(timing.BPFFS, "bench")
	for i := range processPairs {
		var x, y float64
		var okX, okY bool
		var errX, errY error
		ours := func() { x, okX, errX = b.command(filepath.Join(b.o.tools, "bpfload"), "load", small.path) }
		theirs := func() {
			y, okY, errY = b.command("bpftool", "prog", "load", small.path, pin)
			_ = os.Remove(pin)
		}
		if i%2 == 0 {
			ours()
			theirs()
		} else {
			theirs()
			ours()
		}
		if errX != nil || errY != nil || !okX || !okY {
			return r, fmt.Errorf("loading %s: bpfload %v %v, bpftool %v %v", small.name, okX, errX, okY, errY)
		}
		own, other, ratios = append(own, x), append(other, y), append(ratios, x/y)
	}
	r.value = median(own) / median(other)
	r.low, r.high = quantile(ratios, 0.1), quantile(ratios, 0.9)
	r.detail = fmt.Sprintf("%s, %d pairs: medians %s against %s; spread from the first to the last tenth", small.name, processPairs, milliseconds(median(own)), milliseconds(median(other)))
	return r, nil
}
