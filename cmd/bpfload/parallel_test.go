package main

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/bpfload/bpfload/internal/kerneltest"
)

// 20 processes load one object with one pin directory: one makes the pins, the
// others use its maps or replace its programs; none fails.
func TestParallelProcesses(t *testing.T) {
	root := kerneltest.BPFFS(t)
	dir := filepath.Join(root, "pins")
	var wg sync.WaitGroup
	for i := range 20 {
		cmd := process(t, "load", "--pin", dir, "--bpffs", root, objects+"order.o")
		wg.Go(func() {
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("process %d: %v: %s", i, err, out)
			}
		})
	}
	wg.Wait()
	if got, want := fmt.Sprint(tree(t, dir)), "[/maps /maps/a /maps/b /maps/inner /maps/outer /progs /progs/uses_all]"; got != want {
		t.Errorf("pins %s, want %s", got, want)
	}
}

// A signal during a load leaves all pins or none, and a status that tells.
func TestSignalDuringLoad(t *testing.T) {
	root := kerneltest.BPFFS(t)
	dir := filepath.Join(root, "pins")
	load := func(after time.Duration, sig os.Signal) (code int, pins []string) {
		cmd := process(t, "load", "--pin", dir, "--bpffs", root, objects+"hundred.o")
		cmd.Env = append(cmd.Environ(), "GORACE=atexit_sleep_ms=0") // else most signals meet the race detector's last second
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if sig != nil {
			time.Sleep(after)
			if err := cmd.Process.Signal(sig); err != nil && err != os.ErrProcessDone {
				t.Fatal(err)
			}
		}
		_ = cmd.Wait() // the status is judged
		pins = tree(t, root)
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		return cmd.ProcessState.ExitCode(), pins
	}
	start := time.Now()
	code, whole := load(0, nil)
	took := time.Since(start)
	if code != 0 || len(whole) < 100 {
		t.Fatalf("status %d, pins %v", code, whole)
	}
	stopped := 0
	for i := range 30 {
		sig := []os.Signal{syscall.SIGINT, syscall.SIGTERM}[i%2]
		switch code, pins := load(took*time.Duration(i)/30, sig); {
		case (code == 0 || code == -1) && len(pins) == len(whole): // -1: the signal came after the end of the load
		case code == 0 || len(pins) != 0:
			t.Errorf("signal after %v of %v: status %d, %d of %d pins", took*time.Duration(i)/30, took, code, len(pins), len(whole))
		default:
			stopped++
		}
	}
	t.Logf("%d of 30 loads were stopped", stopped)
}
