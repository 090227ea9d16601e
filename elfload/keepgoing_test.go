package elfload

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/bpfload/bpfload/internal/bpfsys"
)

// kept loads a fixture of the check package with KeepGoing.
func kept(t *testing.T, file string, r *recorder, autoload ...string) *Collection {
	t.Helper()
	p := planOf(t, file, Options{KeepGoing: true, Autoload: autoload, Jobs: 1})
	c, err := p.load(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if len(r.fds) != 0 || len(r.wrong) != 0 {
			t.Errorf("left open: %v; misuse: %v", r.fds, r.wrong)
		}
	})
	return c
}

var varied = filepath.Join("..", "..", "check", "testdata", "objs", "varied.o")

func TestKeepGoingPastAProgramWithoutAType(t *testing.T) {
	c := kept(t, varied, newRecorder(), "untyped")
	var e *Error
	if p := c.Programs[1]; p.Name != "untyped" || p.FD != noFD || !errors.As(p.Err, &e) || e.Code != "program_type" || e.Stage != StagePlan {
		t.Errorf("untyped: %+v", p)
	}
	if p := c.Programs[0]; p.Err != nil || p.FD < 3 {
		t.Errorf("the other: %+v", p)
	}
}

func TestKeepGoingPastAProgramThatIsRefused(t *testing.T) {
	r := newRecorder()
	r.refuse = func(call string, a any) syscall.Errno {
		if p, ok := a.(*bpfsys.ProgAttr); ok && p.Name == "good_3" {
			return syscall.EACCES
		}
		return 0
	}
	c := kept(t, filepath.Join("..", "..", "check", "testdata", "objs", "twenty.o"), r)
	for i := range c.Programs {
		p := &c.Programs[i]
		if refused := p.Name == "good_3"; (p.Err != nil) != refused || (p.FD < 3) != refused {
			t.Errorf("program %q: fd %d, error %v", p.Name, p.FD, p.Err)
		}
	}
}

// A program whose map failed is not given to the verifier, which would speak of
// something else.
func TestKeepGoingPastAMapThatIsRefused(t *testing.T) {
	r := newRecorder()
	r.refuse = func(call string, a any) syscall.Errno {
		if m, ok := a.(*bpfsys.MapAttr); ok && m.Name == "slots" {
			return syscall.EINVAL
		}
		return 0
	}
	c := kept(t, varied, r)
	var e *Error
	if m := c.Data("slots"); m.FD != noFD || !errors.As(m.Err, &e) || e.Errno != syscall.EINVAL {
		t.Errorf("map: %+v", m)
	}
	if m := c.MapData[1]; m.Err != nil || m.FD < 3 {
		t.Errorf("the other map: %+v", m)
	}
	if p := c.Programs[0]; !errors.As(p.Err, &e) || e.Code != "map_missing" || !strings.Contains(e.Error(), `"slots"`) {
		t.Errorf("program: %+v", p)
	}
}

// Without the option everything is as it was: the first error, and nothing left.
func TestOneErrorEndsALoadWithoutKeepGoing(t *testing.T) {
	obj, err := Open(filepath.Join("..", "testdata", "objs", varied))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := obj.Plan(Options{Autoload: []string{"untyped"}}); err == nil {
		t.Error("a program without a type was planned")
	}
}

// The walk through a million instructions is not asked for once more.
func TestTooComplexIsLoadedOnce(t *testing.T) {
	for log, want := range map[string]bool{
		"BPF program is too large. Processed 1000001 insn\nverification time 900000 usec\n": true,
		"The sequence of 8193 jumps is too complex.\n":                                      true,
		"R0 invalid mem access 'scalar'\nprocessed 7 insns (limit 1000000)\n":               false,
		"": false,
	} {
		if got := tooComplex(log); got != want {
			t.Errorf("%q: %v", log, got)
		}
	}
}

func TestTypeCacheReadsOnce(t *testing.T) {
	r := newRecorder()
	cache := NewTypeCache()
	first, err := cache.vmlinux(r)
	if err != nil {
		t.Fatal(err)
	}
	if second, err := cache.vmlinux(nil); err != nil || second != first {
		t.Errorf("the second time: %v, %v", second, err)
	}
	if other, err := (*TypeCache)(nil).vmlinux(r); err != nil || other == first {
		t.Errorf("without a cache: %v, %v", other, err)
	}
	o := Options{TypeCache: cache}
	if o.cache() != cache.core {
		t.Error("CO-RE has another cache")
	}
}
