package elfload

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// pinPlan is a fixture's plan with everything pinned below /sys/fs/bpf/x.
func pinPlan(t *testing.T, file string, opts Options) *Plan {
	t.Helper()
	obj, err := Open("../testdata/objs/" + file)
	if err != nil {
		t.Fatal(err)
	}
	opts.PinPath = "/sys/fs/bpf/x"
	plan, err := obj.Plan(opts)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// callsOf are the recorded calls that begin with one of the names.
func callsOf(r *recorder, names ...string) []string {
	var out []string
	for _, c := range r.calls {
		if name, _, _ := strings.Cut(c, " "); slices.Contains(names, name) {
			out = append(out, c)
		}
	}
	return out
}

func TestPinDirectoryIsLockedFirst(t *testing.T) {
	r := newRecorder()
	c, err := pinPlan(t, "order.o", Options{}).load(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	got := callsOf(r, "mkdir", "lock", "map_create", "obj_get")
	if want := []string{"mkdir /sys/fs/bpf/x", "lock /sys/fs/bpf/x"}; !slices.Equal(got[:2], want) {
		t.Errorf("calls begin with %q, want %q", got[:2], want)
	}
	pins, dirs := len(r.pins), len(r.dirs)
	if err := errors.Join(c.Close(), r.leftovers(pins, dirs)); err != nil { // the lock's descriptor too
		t.Error(err)
	}
}

// Another loader's lock is waited for; one that is never given up is told of.
func TestPinLockOfAnother(t *testing.T) {
	for _, busy := range []int{1, 7, 1 << 30} {
		r := newRecorder()
		tries := 0
		r.refuse = func(call string, _ any) syscall.Errno {
			if call != "lock" {
				return 0
			}
			if tries++; tries <= busy {
				return syscall.EAGAIN
			}
			return 0
		}
		c, err := pinPlan(t, "order.o", Options{}).load(context.Background(), r)
		if err != nil {
			t.Fatal(err)
		}
		told := slices.ContainsFunc(c.Warnings, func(w Warning) bool { return w.Code == "pin_lock" })
		if told != (busy > 7) || (!told && tries != busy+1) {
			t.Errorf("busy %d times: %d tries, warnings %v", busy, tries, c.Warnings)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestPinLockIsGivenUpByCancelling(t *testing.T) {
	r := newRecorder()
	ctx, cancel := context.WithCancel(context.Background())
	r.refuse = func(call string, _ any) syscall.Errno {
		if call == "lock" {
			cancel()
			return syscall.EAGAIN
		}
		return 0
	}
	_, err := pinPlan(t, "order.o", Options{}).load(ctx, r)
	if !errors.Is(err, context.Canceled) || len(r.fds) > 0 {
		t.Errorf("%v, open %v", err, r.fds)
	}
}

// What a killed loader has left under a temporary name goes; other names stay.
func TestLeftoversOfAKilledLoader(t *testing.T) {
	r := newRecorder()
	for _, dir := range []string{"", "/maps", "/progs"} {
		r.dirs["/sys/fs/bpf/x"+dir] = true
	}
	for _, path := range []string{"/progs/bpfload-new-1-0", "/progs/other", "/bpfload-new-2-0"} {
		r.pins["/sys/fs/bpf/x"+path] = 1
	}
	c, err := pinPlan(t, "order.o", Options{}).load(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := r.pins["/sys/fs/bpf/x/progs/bpfload-new-1-0"]; ok {
		t.Error("the leftover is still there")
	}
	if len(r.pins) != 2+5 {
		t.Errorf("pins %v", r.pins)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

// What a map of maps holds is pinned before it, all else in definition order.
func TestHeldMapsArePinnedFirst(t *testing.T) {
	var names []string
	p := pinPlan(t, "order.o", Options{})
	for _, s := range p.Steps {
		if s.Op == OpPinMap {
			names = append(names, p.Maps[s.Map].Name)
		}
	}
	if want := []string{"inner", "outer", "a", "b"}; !slices.Equal(names, want) {
		t.Errorf("pinned in order %q, want %q", names, want)
	}
}

func TestPinModeIsCheckedBeforeAnything(t *testing.T) {
	for _, tc := range []struct {
		mode  PinMode
		there []string
		code  string // "" for success
	}{
		{PinReuse, nil, ""},
		{"", []string{"maps/a"}, ""},
		{PinCreate, nil, ""},
		{PinCreate, []string{"maps/a"}, "pin_exists"},
		{PinCreate, []string{"progs/uses_all"}, "pin_exists"},
		{PinMustExist, []string{"maps/a", "maps/b", "maps/inner"}, "pin_missing"},
		{PinMustExist, nil, "pin_missing"},
	} {
		t.Run(fmt.Sprint(tc.mode, tc.there), func(t *testing.T) {
			r := newRecorder()
			c, err := pinPlan(t, "order.o", Options{}).load(context.Background(), r)
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
			for path := range r.pins {
				if !slices.Contains(tc.there, strings.TrimPrefix(path, "/sys/fs/bpf/x/")) {
					delete(r.pins, path)
				}
			}
			r.calls = nil
			pins, dirs := len(r.pins), len(r.dirs)
			c, err = pinPlan(t, "order.o", Options{PinMode: tc.mode}).load(context.Background(), r)
			if tc.code == "" {
				if err != nil {
					t.Fatal(err)
				}
				if err := c.Close(); err != nil {
					t.Error(err)
				}
				return
			}
			var e *Error
			if !errors.As(err, &e) || e.Code != tc.code || !errors.Is(err, ErrIncompatiblePin) {
				t.Fatalf("%v, want code %q", err, tc.code)
			}
			if made := callsOf(r, "btf_load", "map_create", "obj_pin"); len(made) > 0 {
				t.Errorf("made before the check: %q", made)
			}
			if err := r.leftovers(pins, dirs); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestPinModeOfPlans(t *testing.T) {
	obj, err := Open("../testdata/objs/order.o")
	if err != nil {
		t.Fatal(err)
	}
	for _, opts := range []Options{{PinMode: "replace"}, {PinAccess: PinAccess{Mode: 0o1777}}} {
		if _, err := obj.Plan(opts); !errors.Is(err, ErrUsage) {
			t.Errorf("%+v: %v", opts, err)
		}
	}
}

func TestPinAccess(t *testing.T) {
	gid := uint32(7)
	for _, tc := range []struct {
		access    PinAccess
		dir, file string
	}{
		{PinAccess{}, "", ""},
		{PinAccess{Mode: 0o640}, "chmod /sys/fs/bpf/x 750", "chmod /sys/fs/bpf/x/maps/a 640"},
		{PinAccess{Mode: 0o602}, "chmod /sys/fs/bpf/x 703", "chmod /sys/fs/bpf/x/maps/a 602"},
		{PinAccess{Group: &gid}, "chown /sys/fs/bpf/x -1:7", "chown /sys/fs/bpf/x/maps/a -1:7"},
	} {
		r := newRecorder()
		c, err := pinPlan(t, "order.o", Options{PinAccess: tc.access}).load(context.Background(), r)
		if err != nil {
			t.Fatal(err)
		}
		got := callsOf(r, "chmod", "chown")
		if tc.dir == "" && len(got) > 0 {
			t.Errorf("calls %q", got)
		}
		if tc.dir != "" && (len(got) != 3+5 || !slices.Contains(got, tc.dir) || !slices.Contains(got, tc.file)) {
			t.Errorf("%+v: calls %q", tc.access, got)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}
