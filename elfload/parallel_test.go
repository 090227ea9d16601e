package elfload_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/bpfload/bpfload/elfload"
	"github.com/bpfload/bpfload/internal/kerneltest"
)

// 50 loads at once in one process, of a few objects, half of them of one plan,
// each pinning below a directory of its own: no shared state (with -race), every
// one complete, nothing left.
func TestParallelLoads(t *testing.T) {
	root := kerneltest.BPFFS(t)
	files := []string{"order.o", "tailcall.o", "globals.o", "array_of_maps.o", "core.o"}
	var types elfload.TypeCache
	shared := make([]*elfload.Plan, len(files))
	plan := func(file, pins string) *elfload.Plan {
		obj, err := elfload.Open(filepath.Join(objects, file))
		if err != nil {
			t.Fatal(err)
		}
		p, err := obj.Plan(elfload.Options{PinPath: pins, TypeCache: &types})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	for i, file := range files {
		shared[i] = plan(file, "")
	}
	plans := make([]*elfload.Plan, 50)
	for i := range plans {
		plans[i] = shared[i%len(files)]
		if i%2 == 0 {
			plans[i] = plan(files[i%len(files)], filepath.Join(root, string(rune('A'+i))))
		}
	}
	fds := openFDs(t)
	var wg sync.WaitGroup
	for i := range plans {
		wg.Go(func() {
			c, err := plans[i].Load(t.Context())
			if err != nil {
				t.Errorf("load %d: %v", i, err)
				return
			}
			if len(c.MapData) != len(plans[i].Maps) || len(c.Programs) != len(plans[i].Programs) {
				t.Errorf("load %d: %d maps, %d programs", i, len(c.MapData), len(c.Programs))
			}
			if err := c.Close(); err != nil {
				t.Errorf("load %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	if !kerneltest.Wait(func() bool { return openFDs(t) <= fds+2 }) { // the runtime's own poller
		t.Errorf("%d descriptors, %d before", openFDs(t), fds)
	}
}

// A load that is cancelled at any moment leaves nothing.
func TestCancelledAtAnyMoment(t *testing.T) {
	root := kerneltest.BPFFS(t)
	obj, err := elfload.Open(filepath.Join(objects, "hundred.o"))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := obj.Plan(elfload.Options{PinPath: filepath.Join(root, "pins")})
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	c, err := plan.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	whole := time.Since(start) // the least that was seen
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	fds, goroutines, cancelled := 0, 0, 0
	for i := 0; i < 40 || cancelled < 5; i++ {
		if err := os.RemoveAll(filepath.Join(root, "pins")); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), whole*time.Duration(i%40)/30)
		start := time.Now()
		c, err := plan.Load(ctx)
		cancel()
		if err == nil {
			whole = min(whole, time.Since(start))
			err = c.Close()
		} else if cancelled++; errors.Is(err, context.DeadlineExceeded) {
			err = nil
		}
		if left := below(t, root); err != nil || c == nil && len(left) > 0 {
			t.Fatalf("%d: %v, left %q", i, err, left)
		}
		if i == 0 {
			time.Sleep(time.Millisecond)
			fds, goroutines = openFDs(t), runtime.NumGoroutine()
		} else if !kerneltest.Wait(func() bool { return openFDs(t) <= fds && runtime.NumGoroutine() <= goroutines+1 }) {
			t.Fatalf("%d: %d descriptors, %d before; %d goroutines, %d before", i, openFDs(t), fds, runtime.NumGoroutine(), goroutines)
		}
	}
}
