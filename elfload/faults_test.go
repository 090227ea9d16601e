package elfload

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// faultFixtures are little-endian fixtures whose plan can be made.
func faultFixtures(t *testing.T) map[string]*Plan {
	t.Helper()
	paths, err := filepath.Glob("../testdata/objs/*.o")
	if err != nil {
		t.Fatal(err)
	}
	plans := map[string]*Plan{}
	for _, path := range paths {
		if strings.HasSuffix(path, ".eb.o") {
			continue
		}
		obj, err := Open(path)
		if err != nil {
			continue
		}
		plan, err := obj.Plan(Options{Jobs: 1, PinPath: "/sys/fs/bpf/faults"})
		if err != nil {
			continue
		}
		plans[filepath.Base(path)] = plan
	}
	if len(plans) < 30 {
		t.Fatalf("only %d fixtures can be planned", len(plans))
	}
	return plans
}

// A load whose n-th call fails, for every n, leaves nothing behind: each
// descriptor is closed once, every pin and directory of its own is gone.
func TestFailNthCall(t *testing.T) {
	for name, plan := range faultFixtures(t) {
		t.Run(name, func(t *testing.T) {
			clean := newRecorder()
			dirs := len(clean.dirs)
			c, err := plan.load(context.Background(), clean)
			if err != nil {
				t.Skipf("needs more of a kernel than the recorder has: %v", err)
			}
			pins := len(clean.pins)
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
			if err := clean.leftovers(pins, len(clean.dirs)); err != nil {
				t.Fatalf("a load that succeeds: %v", err)
			}
			for n := 1; n <= len(clean.calls); n++ {
				for _, errno := range []syscall.Errno{syscall.EINVAL, syscall.EPERM, syscall.ENOMEM, syscall.ENOSPC, syscall.EBUSY} {
					if err := failOne(plan, n, errno, dirs); err != nil {
						t.Fatalf("call %d (%s) failing with %v: %v", n, clean.calls[n-1], errno, err)
					}
				}
			}
		})
	}
}

func failOne(plan *Plan, n int, errno syscall.Errno, dirs int) error {
	r := newRecorder()
	r.failAt, r.errno, r.always = n, errno, true
	c, err := plan.load(context.Background(), r)
	if (c == nil) == (err == nil) {
		return fmt.Errorf("collection %v and error %v", c, err)
	}
	if err == nil { // the failure was one that a load can do without: told by a warning or a retry
		pins, dirs := len(r.pins), len(r.dirs)
		if err := c.Close(); err != nil {
			return err
		}
		return r.leftovers(pins, dirs)
	}
	var e *Error
	if !errors.As(err, &e) || e.Stage == "" || e.Kind == nil {
		return fmt.Errorf("error without stage or kind: %v", err)
	}
	if !errors.Is(err, errno) {
		return fmt.Errorf("the errno is lost: %v", err)
	}
	return r.leftovers(0, dirs)
}

// Cancelling stops between two calls and undoes everything.
func TestCancel(t *testing.T) {
	for name, plan := range faultFixtures(t) {
		ctx, cancel := context.WithCancel(context.Background())
		r := newRecorder()
		dirs := len(r.dirs)
		n := 0
		r.refuse = func(string, any) syscall.Errno {
			if n++; n == 4 {
				cancel()
			}
			return 0
		}
		c, err := plan.load(ctx, r)
		cancel()
		if err == nil {
			c.Close()
			continue // fewer calls than that
		}
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
		if err := r.leftovers(0, dirs); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
