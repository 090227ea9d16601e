package elfload

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/bpfload/bpfload/internal/mapdef"
)

// passMaps gives a recorder that has the maps of a fixture, as a process would be
// started with them.
func passMaps(t *testing.T, file string) (*recorder, []PassedMap) {
	t.Helper()
	c, r := recorded(t, file, Options{})
	var passed []PassedMap
	for i := range c.MapData {
		fd, err := r.Dup(c.MapData[i].FD)
		if err != nil {
			t.Fatal(err)
		}
		passed = append(passed, PassedMap{StoreName(c.MapData[i].Name), fd})
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	r.calls, r.done = nil, nil
	return r, passed
}

func passedPlan(t *testing.T, file string, o Options) *Plan {
	t.Helper()
	obj, err := Open("../testdata/objs/" + file)
	if err != nil {
		t.Fatal(err)
	}
	p, err := obj.Plan(o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Maps that were passed are looked at before anything is created, and are not created.
func TestPassedMapsAreTaken(t *testing.T) {
	r, passed := passMaps(t, "order.o")
	passed = append(passed[1:], PassedMap{"nobody's", passed[0].FD}) // not outer
	c, err := passedPlan(t, "order.o", Options{Jobs: 1, Passed: passed}).load(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	if r.calls[0] != fmt.Sprintf("dup %d", passed[0].FD) {
		t.Errorf("the first call is %q", r.calls[0])
	}
	if got := callsOf(r, "map_create"); len(got) != 2 || !strings.Contains(strings.Join(got, "\n"), "outer") { // it and its template
		t.Errorf("created: %q", got)
	}
	for i := range c.MapData {
		if m := &c.MapData[i]; m.Reused != (i > 0) || m.Passed != (i > 0) {
			t.Errorf("%q: reused %v, passed %v", m.Name, m.Reused, m.Passed)
		}
	}
	if !slices.ContainsFunc(c.Warnings, func(w Warning) bool { return w.Code == "passed_left" && strings.Contains(w.Message, "nobody's") }) {
		t.Errorf("warnings %v", c.Warnings)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	for _, p := range passed { // the caller's as before
		if err := r.Close(p.FD); err != nil {
			t.Error(err)
		}
	}
	if err := r.leftovers(0, len(r.dirs)); err != nil {
		t.Error(err)
	}
}

func TestPassedMapsMustFit(t *testing.T) {
	r, passed := passMaps(t, "order.o")
	dirs := len(r.dirs)
	_, err := passedPlan(t, "order.o", Options{Passed: passed, PinPath: "/sys/fs/bpf/x", Maps: []MapOverride{{"b", "max_entries", "9"}}}).load(context.Background(), r)
	var e *Error
	if !errors.As(err, &e) || e.Code != "passed_incompatible" || !errors.Is(err, ErrIncompatiblePin) || e.Symbol != "b" || !strings.Contains(err.Error(), "max_entries") {
		t.Fatalf("%v", err)
	}
	if got := callsOf(r, "map_create", "btf_load", "mkdir", "lock"); len(got) != 0 || len(r.dirs) != dirs {
		t.Errorf("made before the comparison: %q", got)
	}
}

// With --pin a map that was passed gets a pin; a pin of another map is refused.
func TestPassedMapsArePinned(t *testing.T) {
	r, passed := passMaps(t, "order.o")
	o := Options{Jobs: 1, Passed: passed, PinPath: "/sys/fs/bpf/x"}
	for range 2 { // the second time they are pinned already
		c, err := passedPlan(t, "order.o", o).load(context.Background(), r)
		if err != nil {
			t.Fatal(err)
		}
		for i := range c.MapData {
			if got, want := r.pins[c.MapData[i].Def.PinPath], r.fdObj[passed[i].FD]; got != want {
				t.Errorf("%q: object %d is pinned, %d was passed", c.MapData[i].Name, got, want)
			}
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
	r.pins["/sys/fs/bpf/x/maps/a"] = r.pins["/sys/fs/bpf/x/maps/b"]
	var e *Error
	if _, err := passedPlan(t, "order.o", o).load(context.Background(), r); !errors.As(err, &e) || e.Code != "passed_pinned" || !errors.Is(err, ErrIncompatiblePin) {
		t.Errorf("a pin of another map: %v", err)
	}
}

// A load with passed maps whose n-th call fails leaves nothing but them, whether it
// uses or replaces them.
func TestPassedMapsFaults(t *testing.T) {
	for _, o := range []Options{{}, {OnMismatch: MismatchMigrate, Maps: []MapOverride{{"b", "max_entries", "9"}}}} {
		passedFaults(t, o)
	}
}

func passedFaults(t *testing.T, o Options) {
	t.Helper()
	r, passed := passMaps(t, "order.o")
	o.Jobs, o.Passed, o.PinPath = 1, passed[1:], "/sys/fs/bpf/x"
	plan := passedPlan(t, "order.o", o)
	fds, pins, dirs := len(r.fds), len(r.pins), len(r.dirs)
	c, err := plan.load(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	calls := len(r.calls)
	clear(r.pins)
	for dir := range r.dirs {
		if strings.HasPrefix(dir, "/sys/fs/bpf/x") {
			delete(r.dirs, dir)
		}
	}
	for n := 1; n <= calls; n++ {
		for _, errno := range faultErrnos {
			r.calls, r.failAt, r.errno = nil, n, errno
			c, err := plan.load(context.Background(), r)
			if err == nil {
				if err := c.Close(); err != nil {
					t.Fatal(err)
				}
				clear(r.pins)
				for _, dir := range []string{"/maps", "/progs", ""} {
					delete(r.dirs, "/sys/fs/bpf/x"+dir)
				}
			} else if err := judgeError(err, errno, ""); err != nil {
				t.Errorf("call %d failing with %v: %v", n, errno, err)
			}
			if len(r.fds) != fds || len(r.pins) != pins || len(r.dirs) != dirs || len(r.wrong) > 0 {
				t.Fatalf("call %d failing with %v: %d descriptors (%d before), pins %v, directories %v, %v", n, errno, len(r.fds), fds, r.pins, r.dirs, r.wrong)
			}
		}
	}
}

func TestPassedMapsOfTheEnvironment(t *testing.T) {
	for _, tt := range []struct {
		pid, count, names string
		want              []PassedMap
		bad               bool
	}{
		{"41", "2", "a:b", nil, false}, // another process's
		{"", "", "", nil, false},
		{"42", "", "", nil, false},
		{"42", "0", "", nil, false},
		{"42", "2", "a:b%3Ac", []PassedMap{{"a", 3}, {"b%3Ac", 4}}, false},
		{"42", "2", "", []PassedMap{{"", 3}, {"", 4}}, false}, // a manager that does not name them
		{"42", "3", "a:b", nil, true},
		{"42", "x", "", nil, true},
		{"42", "99999999", "", nil, true},
	} {
		env := map[string]string{envListenPID: tt.pid, envListenFDs: tt.count, envListenFDNames: tt.names}
		files := &passed{recorder: newRecorder()}
		files.fds[3], files.fds[4] = "a", "b"
		got, err := passedMaps(func(name string) string { return env[name] }, 42, files)
		if !slices.Equal(got, tt.want) || (err != nil) != tt.bad || len(files.onExec) != len(tt.want) {
			t.Errorf("%+v: %v, %v", tt, got, err)
		}
	}
}

// Names fit what systemd takes, and no two become one.
func TestStoreName(t *testing.T) {
	long := strings.Repeat("x", 300)
	seen := make(map[string]string)
	for _, name := range []string{"", "a", "a:b", "a%3Ab", ".bss", long, long + "y", strings.Repeat(":", 255), strings.Repeat("é", 128)} {
		s := StoreName(name)
		if len(s) == 0 || len(s) > maxStoreName || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == ':' }) {
			t.Errorf("%.20q is stored as %q", name, s)
		}
		if other, ok := seen[s]; ok {
			t.Errorf("%.20q and %.20q are both stored as %q", name, other, s)
		}
		seen[s] = name
	}
	for _, tt := range []struct {
		m    PlannedMap
		want bool
	}{
		{PlannedMap{Create: true}, true}, {PlannedMap{}, false}, {PlannedMap{Create: true, MapDef: MapDef{Frozen: true}}, false},
		{PlannedMap{Create: true, MapDef: MapDef{FD: 7}}, false}, {PlannedMap{Create: true, MapDef: MapDef{Dialect: mapdef.DialectKconfig}}, false},
	} {
		if storable(&tt.m) != tt.want {
			t.Errorf("%+v: storable is %v", tt.m, !tt.want)
		}
	}
}

// What Release tells: program arrays that are emptied while programs that call
// into them go on.
func TestReleaseTellsOfEmptiedProgramArrays(t *testing.T) {
	for _, tt := range []struct {
		held bool
		opts Options
		want int
	}{{true, Options{}, 1}, {false, Options{}, 0}, {true, Options{PinPath: "/sys/fs/bpf/x"}, 0}} {
		c, r := recorded(t, "tailcall.o", tt.opts)
		entry := c.Programs[1]
		if entry.Name != "entry" {
			t.Fatal(entry.Name)
		}
		if tt.held {
			r.links[1] = &recordedLink{prog: int(entry.ID)} // somebody else's
		}
		pins, dirs := len(r.pins), len(r.dirs)
		warns, err := c.Release()
		if err != nil || len(warns) != tt.want {
			t.Errorf("held %v: %v, %v", tt.held, warns, err)
		}
		if tt.want > 0 && (warns[0].Map != "prog_array_init" || warns[0].Program != "entry" || warns[0].Code != "prog_array_emptied") {
			t.Errorf("%+v", warns[0])
		}
		if again, err := c.Release(); err != nil || again != nil {
			t.Errorf("the second time: %v, %v", again, err)
		}
		if err := r.leftovers(pins, dirs); err != nil {
			t.Error(err)
		}
	}
}
