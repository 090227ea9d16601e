package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/cilium/ebpf"

	"github.com/bpfload/bpfload/internal/kerneltest"
)

// pinnedIDs are the ids of the maps that a load of everything under dir finds.
func pinnedIDs(t *testing.T, dir, object string) []uint32 {
	t.Helper()
	r := bpfload(t, "load", "--json", "--maps-only", "--pin", dir, "--pin-mode", "must-exist", object)
	if r.code != 0 {
		t.Fatalf("%+v", r)
	}
	var ids []uint32
	for _, m := range r.document(t).Maps {
		ids = append(ids, *m.ID)
	}
	return ids
}

// Twenty loaders at once on one pin directory: one set of maps, twenty successes.
func TestTwentyLoadersMakeOneSetOfMaps(t *testing.T) {
	kerneltest.Require(t)
	for _, object := range []string{objects + "order.o", objects + "tailcall.o"} {
		dir := filepath.Join(kerneltest.BPFFS(t), "deep", "together")
		var wg sync.WaitGroup
		errs := make([]string, 20)
		for i := range errs {
			cmd := process(t, "load", "--pin", dir, object)
			wg.Go(func() {
				if out, err := cmd.CombinedOutput(); err != nil {
					errs[i] = fmt.Sprintf("%v: %s", err, out)
				}
			})
		}
		wg.Wait()
		for i, e := range errs {
			if e != "" {
				t.Errorf("%s: loader %d: %s", object, i, e)
			}
		}
		first := pinnedIDs(t, dir, object)
		if again := pinnedIDs(t, dir, object); !slices.Equal(first, again) {
			t.Errorf("%s: maps %v, then %v", object, first, again)
		}
	}
}

// Loaders that fail beside ones that succeed take nothing of theirs away.
func TestFailingLoadersLeaveTheOthersPins(t *testing.T) {
	kerneltest.Require(t)
	dir := filepath.Join(kerneltest.BPFFS(t), "mixed")
	var wg sync.WaitGroup
	for i := range 12 {
		object, want := objects+"order.o", 0
		if i%2 == 1 {
			object, want = objects+"prog_refused.o", exitVerifier
		}
		cmd := process(t, "load", "--pin", dir, object)
		wg.Go(func() {
			if out, err := cmd.CombinedOutput(); cmd.ProcessState.ExitCode() != want {
				t.Errorf("%v, want status %d: %s", err, want, out)
			}
		})
	}
	wg.Wait()
	pinnedIDs(t, dir, objects+"order.o")
	if entries, err := os.ReadDir(filepath.Join(dir, "maps")); err != nil || len(entries) != 4 {
		t.Errorf("%v, %v", entries, err)
	}
}

// outerHoldsInner looks whether the pinned outer map holds the pinned inner one.
func outerHoldsInner(t *testing.T, dir string, r result) {
	t.Helper()
	outer, err := ebpf.LoadPinnedMap(filepath.Join(dir, "maps", "outer"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer outer.Close()
	var id uint32
	if err := outer.Lookup(uint32(1), &id); err != nil {
		t.Error(err)
	}
	for _, m := range r.document(t).Maps {
		if m.Name == "inner" && *m.ID != id {
			t.Errorf("the outer map holds map %d, and map %d is pinned", id, *m.ID)
		}
	}
}

// A loader that is killed at any time leaves nothing that stops the next one, and
// nothing half-made stays.
func TestKilledLoaderIsSucceeded(t *testing.T) {
	kerneltest.Require(t)
	start := time.Now()
	if out, err := process(t, "load", "--pin", filepath.Join(kerneltest.BPFFS(t), "whole"), objects+"order.o").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	whole := time.Since(start) // on this machine as it is now
	killed := 0
	for i := range 50 {
		dir := filepath.Join(kerneltest.BPFFS(t), "killed")
		args := []string{"load", "--pin", dir, objects + "order.o"}
		if i%2 == 1 { // replacing programs that are pinned
			bpfload(t, args...).want(t, 0, []string{dir}, nil)
		}
		cmd := process(t, args...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(whole * time.Duration(i) / 40)
		_ = cmd.Process.Kill()
		if cmd.Wait() != nil {
			killed++
		}
		r := bpfload(t, "load", "--json", "--pin", dir, objects+"order.o")
		if r.code != 0 {
			t.Fatalf("after a kill: %+v", r)
		}
		outerHoldsInner(t, dir, r)
		var files []string
		_ = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
			if err == nil && !e.IsDir() {
				files = append(files, strings.TrimPrefix(path, dir))
			}
			return err
		})
		if want := []string{"/maps/a", "/maps/b", "/maps/inner", "/maps/outer", "/progs/uses_all"}; !slices.Equal(files, want) {
			t.Errorf("pins %q, want %q", files, want)
		}
	}
	if killed == 0 {
		t.Error("no loader was killed in time: the test asserts nothing")
	}
}

func TestPinModes(t *testing.T) {
	kerneltest.Require(t)
	dir := filepath.Join(kerneltest.BPFFS(t), "modes")
	args := func(mode string) []string {
		return []string{"load", "--pin", dir, "--pin-mode", mode, objects + "order.o"}
	}
	bpfload(t, args("must-exist")...).want(t, exitPin, nil, []string{"is not there", "must-exist"})
	if _, err := os.Stat(dir); err == nil {
		t.Error("a failed load has left the directory")
	}
	bpfload(t, args("create")...).want(t, 0, []string{dir}, nil)
	first := pinnedIDs(t, dir, objects+"order.o")
	bpfload(t, args("create")...).want(t, exitPin, nil, []string{"is there already", "create"})
	bpfload(t, args("must-exist")...).want(t, 0, []string{"(used again)"}, nil)
	bpfload(t, args("reuse")...).want(t, 0, []string{"(used again)"}, nil)
	if last := pinnedIDs(t, dir, objects+"order.o"); !slices.Equal(first, last) {
		t.Errorf("maps %v, then %v", first, last)
	}
	bpfload(t, args("replace")...).want(t, exitUsage, nil, []string{"--pin-mode"})
}

func TestPinAccess(t *testing.T) {
	kerneltest.Require(t)
	if os.Geteuid() != 0 {
		t.Skip("giving files to another group needs root")
	}
	root := kerneltest.BPFFS(t)
	for _, tc := range []struct {
		name      string
		args      []string
		dir, file fs.FileMode
		gid       uint32
	}{
		{"default", nil, 0o700, 0o600, uint32(os.Getegid())},
		{"group", []string{"--mode", "640", "--group", "4712"}, 0o750, 0o640, 4712},
		{"all", []string{"--mode", "0666"}, 0o777, 0o666, uint32(os.Getegid())},
	} {
		dir := filepath.Join(root, tc.name)
		bpfload(t, slices.Concat([]string{"load", "--pin", dir, objects + "order.o"}, tc.args)...).want(t, 0, []string{dir}, nil)
		for path, want := range map[string]fs.FileMode{"": tc.dir, "maps": tc.dir, "progs": tc.dir, "maps/a": tc.file, "progs/uses_all": tc.file} {
			info, err := os.Stat(filepath.Join(dir, path))
			if err != nil {
				t.Fatal(err)
			}
			if gid := info.Sys().(*syscall.Stat_t).Gid; info.Mode().Perm() != want || gid != tc.gid {
				t.Errorf("%s: %q has mode %o and group %d, want %o and %d", tc.name, path, info.Mode().Perm(), gid, want, tc.gid)
			}
		}
	}
	for _, bad := range []string{"8", "1777", "rw", "0"} {
		bpfload(t, "load", "--mode", bad, objects+"order.o").want(t, exitUsage, nil, []string{"--mode"})
	}
	bpfload(t, "load", "--group", "bpfload-nobody", objects+"order.o").want(t, exitUsage, nil, []string{"--group"})
}
