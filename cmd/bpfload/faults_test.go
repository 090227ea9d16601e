package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/cilium/ebpf"

	"github.com/bpfload/bpfload/internal/kerneltest"
)

// faultsEnv set to "all" makes TestFailingSystemCalls try everything, as `make
// faults` does; without it a sample is tried.
const faultsEnv = "BPFLOAD_FAULTS"

// faultFiles are loaded with pins while system calls fail: maps of maps, program
// arrays, data maps that are frozen, legacy definitions, pins by name.
var faultFiles = [...]string{"tailcall.o", "array_of_maps.o", "globals.o", "legacy_samples.o", "order.o"}

// faultCalls are failed from their first use in the process on, those of the Go
// runtime too, one by one. Statuses 2 and 3 may come only of calls that read the
// object or look at the pin directory.
var faultCalls = [...]struct {
	name   string
	errnos []string
	usage  bool // the call also opens what the user names
	pinned bool // everything is pinned already
}{
	{"bpf", []string{"EINVAL", "EPERM", "ENOMEM", "EAGAIN", "EINTR", "ENOSPC", "E2BIG", "EBUSY"}, false, false},
	{"bpf", []string{"ENOMEM", "EPERM"}, false, true},
	{"openat", []string{"ENOMEM", "EPERM"}, true, false},
	{"mkdirat", []string{"EPERM", "ENOSPC", "EINTR"}, true, false},
	{"renameat2", []string{"EPERM", "EBUSY", "EINVAL"}, true, true},
	{"newfstatat", []string{"EPERM", "ENOMEM"}, true, false},
	{"statfs", []string{"EPERM", "EINTR"}, true, false},
	{"fcntl", []string{"EINVAL", "ENOMEM"}, true, false},
}

// straced runs bpfload with one system call failing: the n-th of each thread, or
// that and the next 30. It tells whether a call was failed at all.
func straced(t *testing.T, call, errno string, n int, often bool, args ...string) (status int, stderr string, injected bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*kerneltest.Patience)
	defer cancel()
	when := fmt.Sprint(n)
	if often {
		when = fmt.Sprintf("%d..%d", n, n+30)
	}
	log := filepath.Join(t.TempDir(), "strace")
	cmd := process(t, args...)
	traced := exec.CommandContext(ctx, "strace", append([]string{"-f", "-qq", "-o", log, "-e", "trace=" + call,
		"-e", "inject=" + call + ":error=" + errno + ":when=" + when, "--", cmd.Path}, args...)...)
	traced.Env = cmd.Env
	var errs bytes.Buffer
	traced.Stderr = &errs
	err := traced.Run()
	if ctx.Err() != nil {
		t.Fatalf("%s %s when=%s: hangs", call, errno, when)
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	return traced.ProcessState.ExitCode(), errs.String(), bytes.Contains(text, []byte("(INJECTED)"))
}

// kernelIDs are all maps and programs in the kernel.
func kernelIDs(t *testing.T) map[string]bool {
	t.Helper()
	ids := map[string]bool{}
	for id := ebpf.MapID(0); ; {
		next, err := ebpf.MapGetNextID(id)
		if err != nil {
			break
		}
		id = next
		ids[fmt.Sprintf("map %d", id)] = true
	}
	for id := ebpf.ProgramID(0); ; {
		next, err := ebpf.ProgramGetNextID(id)
		if err != nil {
			break
		}
		id = next
		ids[fmt.Sprintf("program %d", id)] = true
	}
	return ids
}

// newIDs waits for maps and programs to go that were not there before: the
// kernel frees late, and others may be at work on the machine.
func newIDs(t *testing.T, before map[string]bool) []string {
	t.Helper()
	suspects := kernelIDs(t)
	var left []string
	kerneltest.Wait(func() bool {
		now, others := kernelIDs(t), heldByOthers()
		left = left[:0]
		for id := range suspects {
			if now[id] && !before[id] && !others[id] {
				left = append(left, id)
			}
		}
		return len(left) == 0
	})
	slices.Sort(left)
	return left
}

// heldByOthers are the maps and programs of which other processes have descriptors,
// as fdinfo tells, and the maps of those programs.
func heldByOthers() map[string]bool {
	held := map[string]bool{}
	files, _ := filepath.Glob("/proc/[0-9]*/fdinfo/*")
	for _, file := range files {
		if strings.HasPrefix(file, fmt.Sprintf("/proc/%d/", os.Getpid())) {
			continue
		}
		text, _ := os.ReadFile(file) // the process may have ended
		for line := range strings.Lines(string(text)) {
			key, value, _ := strings.Cut(line, ":")
			id, err := strconv.ParseUint(strings.TrimSpace(value), 10, 32)
			switch {
			case err != nil:
			case key == "map_id":
				held[fmt.Sprintf("map %d", id)] = true
			case key == "prog_id":
				held[fmt.Sprintf("program %d", id)] = true
				for _, m := range mapsOf(ebpf.ProgramID(id)) {
					held[fmt.Sprintf("map %d", m)] = true
				}
			}
		}
	}
	return held
}

// mapsOf are the maps of a program, none if it is gone.
func mapsOf(id ebpf.ProgramID) []ebpf.MapID {
	p, err := ebpf.NewProgramFromID(id)
	if err != nil {
		return nil
	}
	defer p.Close()
	info, err := p.Info()
	if err != nil {
		return nil
	}
	ids, _ := info.MapIDs()
	return ids
}

// tree lists what is under dir.
func tree(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if path != dir {
			all = append(all, strings.TrimPrefix(path, dir))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// straceRun is one fixture whose calls are failed.
type straceRun struct {
	file, root, dir string
	pins            []string // what a load leaves there
	tried, refused  int
}

// A process whose system calls fail ends with an error and the right status and
// leaves no pin, or with everything pinned; either way nothing else stays.
func TestFailingSystemCalls(t *testing.T) {
	root := kerneltest.BPFFS(t)
	if _, err := exec.LookPath("strace"); err != nil {
		t.Skip("strace is not installed")
	}
	if _, _, injected := straced(t, "bpf", "EINVAL", 1, false, "load", objects+"order.o"); !injected {
		t.Skip("strace cannot fail system calls here")
	}
	all := os.Getenv(faultsEnv) == "all"
	before := kernelIDs(t)
	tried, refused := 0, 0
	for i, file := range faultFiles {
		if !all && i > 0 {
			break
		}
		r := straceRun{file: objects + file, root: root, dir: filepath.Join(root, "pins")}
		r.clean(t)
		for c := range faultCalls {
			r.failEach(t, c, all)
		}
		tried, refused = tried+r.tried, refused+r.refused
	}
	if left := newIDs(t, before); len(left) > 0 {
		t.Errorf("these are in the kernel and were not before: %v", left)
	}
	if !t.Failed() {
		t.Logf("faults, kernel: %d failures injected, %d ended clean (%d with an error, %d with success)", tried, tried, refused, tried-refused)
	}
}

func (r *straceRun) args() []string {
	return []string{"load", "--jobs", "1", "--pin", r.dir, "--bpffs", r.root, r.file}
}

// clean finds out what a load leaves when nothing fails.
func (r *straceRun) clean(t *testing.T) {
	t.Helper()
	r.load(t)
	r.pins = tree(t, r.root)
	r.remove(t)
}

func (r *straceRun) remove(t *testing.T) {
	t.Helper()
	for _, name := range tree(t, r.root) {
		if err := os.RemoveAll(filepath.Join(r.root, name)); err != nil {
			t.Fatal(err)
		}
	}
}

// failEach fails the first call, the second, … until there is none to fail.
// Without all, each call gets one errno in turn, once or many times in turn.
func (r *straceRun) failEach(t *testing.T, c int, all bool) {
	t.Helper()
	call := &faultCalls[c]
	for n := 1; n < 200; n++ {
		any := false
		for e, errno := range call.errnos {
			if !all && e != n%len(call.errnos) {
				continue
			}
			often := (n+e)%2 == 0
			if call.pinned {
				r.load(t)
			}
			status, stderr, injected := straced(t, call.name, errno, n, often, r.args()...)
			if !injected {
				r.remove(t)
				continue
			}
			any = true
			if notStarted(stderr) {
				r.remove(t)
				continue
			}
			r.tried++
			if status != 0 {
				r.refused++
			}
			if err := r.judge(t, c, status, stderr, errno); err != nil {
				t.Errorf("%s: %s number %d answers %s, often %v: %v\nstatus %d, stderr:\n%s", filepath.Base(r.file), call.name, n, errno, often, err, status, stderr)
			}
			r.remove(t)
		}
		if !any {
			return
		}
		if !all && n >= 12 {
			n += 4
		}
	}
}

// notStarted tells that the dynamic loader or the Go runtime gave up before main.
func notStarted(stderr string) bool {
	return strings.Contains(stderr, "error while loading shared libraries") || strings.Contains(stderr, "runtime.schedinit(")
}

// errnoTexts are the errnos in words, as package os tells them.
var errnoTexts = map[string]error{"EINVAL": syscall.EINVAL, "EPERM": syscall.EPERM, "ENOMEM": syscall.ENOMEM, "EAGAIN": syscall.EAGAIN,
	"EINTR": syscall.EINTR, "ENOSPC": syscall.ENOSPC, "E2BIG": syscall.E2BIG, "EBUSY": syscall.EBUSY}

func (r *straceRun) judge(t *testing.T, c, status int, stderr, errno string) error {
	left := tree(t, r.root)
	var before []string
	if faultCalls[c].pinned {
		before = r.pins
	}
	switch {
	case strings.Contains(stderr, "goroutine "):
		return errors.New("it panics")
	case status == 0 && !slices.Equal(left, r.pins):
		return fmt.Errorf("pins %q, want %q", left, r.pins)
	case status == 0:
		return nil
	case !slices.Equal(left, before):
		return fmt.Errorf("left behind: %q", left)
	case !strings.Contains(stderr, "error: "):
		return errors.New("no error is told")
	case faultCalls[c].usage:
		return nil
	case !strings.Contains(stderr, errno) && !strings.Contains(stderr, errnoTexts[errno].Error()):
		return errors.New("the errno is not told")
	case (status == exitPrivilege) != (errno == "EPERM") || status == exitUsage || status == exitObject:
		return errors.New("not the status for that errno")
	}
	return nil
}

// load loads with nothing failing.
func (r *straceRun) load(t *testing.T) {
	t.Helper()
	if done := bpfload(t, r.args()...); done.code != 0 {
		t.Fatalf("status %d: %s", done.code, done.err)
	}
}
