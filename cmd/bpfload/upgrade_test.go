package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
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

// upgradeArgs are those of a load of one version of the object that upgrades.
func upgradeArgs(version, dir string) []string {
	return []string{"load", "--pin", dir, "--on-mismatch", "migrate", "--on-mismatch", "events=replace", objects + "upgrade_" + version + ".o"}
}

// upgradedPins are the files that the newer version leaves over the older.
var upgradedPins = []string{"/maps/counters", "/maps/events", "/maps/flows", "/maps/jumps", "/maps/upgrade__data",
	"/progs/dispatch", "/progs/entry", "/progs/last", "/progs/leaf"}

// pinFiles are the pins under dir.
func pinFiles(t *testing.T, dir string) []string {
	t.Helper()
	var files []string
	for _, path := range tree(t, dir) {
		if path != "/maps" && path != "/progs" {
			files = append(files, path)
		}
	}
	return files
}

// Key and value of flows in the older and newer version.
const flowKey, oldFlow, newFlow = 8, 16, 32

// putFlows writes n flows of the older version: bytes i, packets 3i, port i.
func putFlows(t *testing.T, path string, n int) {
	t.Helper()
	m, err := ebpf.LoadPinnedMap(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	keys, values := make([]uint64, n), make([][oldFlow]byte, n)
	for i := range n {
		keys[i] = uint64(i)
		binary.NativeEndian.PutUint32(values[i][0:], uint32(i))
		binary.NativeEndian.PutUint32(values[i][4:], 3*uint32(i))
		binary.NativeEndian.PutUint16(values[i][8:], uint16(i))
	}
	if done, err := m.BatchUpdate(keys, values, nil); err != nil || done != n {
		t.Fatalf("%d of %d flows, %v", done, n, err)
	}
}

// wantFlows looks whether n flows are there as the newer version has them.
func wantFlows(t *testing.T, path string, n int) {
	t.Helper()
	m, err := ebpf.LoadPinnedMap(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	var cursor ebpf.MapBatchCursor
	keys, values, seen := make([]uint64, 1<<16), make([][newFlow]byte, 1<<16), 0
	for {
		got, err := m.BatchLookup(&cursor, keys, values, nil)
		for i := range got {
			k, v := keys[i], values[i][:]
			if binary.NativeEndian.Uint64(v) != k || binary.NativeEndian.Uint16(v[8:]) != uint16(k) ||
				binary.NativeEndian.Uint32(v[24:]) != 3*uint32(k) || binary.NativeEndian.Uint32(v[28:]) != 0 {
				t.Fatalf("flow %d is %x", k, v)
			}
		}
		seen += got
		if errors.Is(err, ebpf.ErrKeyNotExist) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if seen != n {
		t.Errorf("%d flows, want %d", seen, n)
	}
}

func pinnedID(t *testing.T, path string) ebpf.MapID {
	t.Helper()
	m, err := ebpf.LoadPinnedMap(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	info, err := m.Info()
	if err != nil {
		t.Fatal(err)
	}
	id, _ := info.ID()
	return id
}

// A million entries whose value has gained a member: all there, and the pin is
// another map's from one moment to the next.
func TestUpgradeOfAMillionEntries(t *testing.T) {
	dir := filepath.Join(kerneltest.BPFFS(t), "million")
	n := 1 << 20
	if testing.Short() {
		n = 1 << 14
	}
	flows := filepath.Join(dir, "maps", "flows")
	bpfload(t, upgradeArgs("v1", dir)...).want(t, 0, []string{"map_data"}, nil)
	putFlows(t, flows, n)
	before := pinnedID(t, flows)
	plain := plainCopy(t, flows, n)
	stop, seen := watchPin(t, flows)
	start := time.Now()
	r := bpfload(t, append(upgradeArgs("v2", dir), "--json")...)
	took := time.Since(start)
	close(stop)
	if r.code != 0 {
		t.Fatalf("%+v", r)
	}
	after := pinnedID(t, flows)
	for _, id := range <-seen {
		if id != before && id != after {
			t.Errorf("map %d was pinned meanwhile, or none (0)", id)
		}
	}
	doc := r.document(t)
	if m := doc.Maps[1]; m.Name != "flows" || m.Replaced == nil || m.Replaced.Entries != uint64(n) || m.Replaced.By != "migrate" || ebpf.MapID(m.Replaced.ID) != before || before == after {
		t.Errorf("%+v, map %d after %d", m.Replaced, after, before)
	}
	wantFlows(t, flows, n)
	t.Logf("%d entries: the whole load with migration took %v, a plain batch copy %v", n, took.Round(time.Millisecond), plain.Round(time.Millisecond))
}

// plainCopy is how long copying in batches takes, with nothing else.
func plainCopy(t *testing.T, path string, n int) time.Duration {
	t.Helper()
	from, err := ebpf.LoadPinnedMap(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	to, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.Hash, KeySize: flowKey, ValueSize: oldFlow, MaxEntries: 1 << 20, Flags: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	var cursor ebpf.MapBatchCursor
	keys, values := make([]uint64, 1<<14), make([][oldFlow]byte, 1<<14)
	start, copied := time.Now(), 0
	for {
		got, err := from.BatchLookup(&cursor, keys, values, nil)
		if got > 0 {
			if _, err := to.BatchUpdate(keys[:got], values[:got], nil); err != nil {
				t.Fatal(err)
			}
		}
		copied += got
		if errors.Is(err, ebpf.ErrKeyNotExist) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if copied != n {
		t.Fatalf("%d of %d copied", copied, n)
	}
	return time.Since(start)
}

// watchPin opens a pin again and again, and gives the ids that it saw, 0 for none.
func watchPin(t *testing.T, path string) (stop chan struct{}, seen chan []ebpf.MapID) {
	t.Helper()
	stop, seen = make(chan struct{}), make(chan []ebpf.MapID, 1)
	go func() {
		var ids []ebpf.MapID
		for {
			select {
			case <-stop:
				seen <- slices.Compact(ids)
				return
			default:
			}
			id := ebpf.MapID(0)
			if m, err := ebpf.LoadPinnedMap(path, nil); err == nil {
				if info, err := m.Info(); err == nil {
					id, _ = info.ID()
				}
				m.Close()
			}
			if len(ids) == 0 || ids[len(ids)-1] != id {
				ids = append(ids, id)
			}
			time.Sleep(time.Millisecond)
		}
	}()
	return stop, seen
}

// killAt are the system calls at which a loader is killed, one after the other.
var killAt = [...]string{"bpf", "mkdirat", "flock", "renameat2", "unlinkat"}

// A loader that is killed at any step of a load over pins, or of an upgrade of them,
// leaves nothing that stops the next one, which leaves nothing half-made.
func TestLoaderKilledAtEachStep(t *testing.T) {
	root := kerneltest.BPFFS(t)
	if _, err := exec.LookPath("strace"); err != nil {
		t.Skip("strace is not installed")
	}
	kills := 0
	for _, upgrade := range []bool{false, true} {
		for _, call := range killAt {
			for n := 1; n < 400; n += 1 + n/12 { // every step at first, then a sample: bpf(2) is called some 150 times
				killed := succeeds(t, root, killing{call, n, upgrade})
				kills += killed
				if killed == 0 {
					break // there is no n-th call
				}
			}
		}
	}
	// Each thread counts its own calls, so that it is up to the scheduler how many
	// there were.
	for n := 0; kills < 50; n++ {
		kills += succeeds(t, root, killing{"bpf", 1 + n%10, n%2 == 0})
	}
	t.Logf("%d loaders were killed, at %v", kills, killAt)
}

// killing is the n-th system call of that name in a thread of a loader that upgrades
// pins, or finds none.
type killing struct {
	call    string
	n       int
	upgrade bool
}

// succeeds kills a loader and looks what the next one makes of what it has left; 1 if
// it was killed.
func succeeds(t *testing.T, root string, k killing) (killed int) {
	t.Helper()
	dir := filepath.Join(root, fmt.Sprint("killed-", k.upgrade))
	if k.upgrade {
		bpfload(t, upgradeArgs("v1", dir)...).want(t, 0, []string{"map_data"}, nil)
		putFlows(t, filepath.Join(dir, "maps", "flows"), 50)
	}
	killed = killedAt(t, k.call, k.n, upgradeArgs("v2", dir))
	if r := bpfload(t, upgradeArgs("v2", dir)...); r.code != 0 {
		t.Fatalf("killed at %s number %d, and the next load: %+v", k.call, k.n, r)
	}
	want := upgradedPins
	if k.upgrade {
		wantFlows(t, filepath.Join(dir, "maps", "flows"), 50)
	} else {
		want = slices.DeleteFunc(slices.Clone(want), func(p string) bool { return p == "/progs/leaf" })
	}
	if got := pinFiles(t, dir); !slices.Equal(got, want) {
		t.Errorf("killed at %s number %d: pins %q, want %q", k.call, k.n, got, want)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	return killed
}

// killedAt kills a loader at its n-th call; 1 if there was one.
func killedAt(t *testing.T, call string, n int, args []string) int {
	t.Helper()
	cmd := process(t, args...)
	traced := exec.CommandContext(t.Context(), "strace", append([]string{"-f", "-qq", "-o", os.DevNull, "-e", "trace=" + call,
		"-e", fmt.Sprintf("inject=%s:signal=SIGKILL:when=%d", call, n), "--", cmd.Path}, args...)...)
	traced.Env = cmd.Env
	out, err := traced.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL, strings.Contains(err.Error(), "exit status 137"):
		return 1
	}
	t.Fatalf("strace: %v: %s", err, out)
	return 0
}

// Twenty loaders that upgrade the same pins at once: one does it, the others find it
// done, and every entry is there.
func TestTwentyLoadersUpgradeTogether(t *testing.T) {
	dir := filepath.Join(kerneltest.BPFFS(t), "together")
	bpfload(t, upgradeArgs("v1", dir)...).want(t, 0, []string{"map_data"}, nil)
	flows := filepath.Join(dir, "maps", "flows")
	putFlows(t, flows, 20000)
	var wg sync.WaitGroup
	outs := make([]string, 20)
	for i := range outs {
		cmd := process(t, upgradeArgs("v2", dir)...)
		wg.Go(func() {
			out, err := cmd.CombinedOutput()
			outs[i] = string(out)
			if err != nil {
				t.Errorf("loader %d: %v: %s", i, err, out)
			}
		})
	}
	wg.Wait()
	migrated := 0
	for _, out := range outs {
		if strings.Contains(out, "(migrated: 20000 entries)") {
			migrated++
		}
	}
	if migrated != 1 {
		t.Errorf("%d loaders have migrated the entries, want 1", migrated)
	}
	wantFlows(t, flows, 20000)
	if got := pinFiles(t, dir); !slices.Equal(got, upgradedPins) {
		t.Errorf("pins %q", got)
	}
}
