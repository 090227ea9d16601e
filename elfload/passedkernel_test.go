package elfload_test

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/cilium/ebpf"

	"github.com/bpfload/bpfload/elfload"
	"github.com/bpfload/bpfload/internal/kerneltest"
)

// A map that was passed and is not compatible is replaced if that is wanted, with its
// entries or without, and stays as it was.
func TestPassedMapsAreReplaced(t *testing.T) {
	for _, tt := range []struct {
		name    string
		by      elfload.Mismatch
		pinned  bool // the map that is passed is pinned, too
		entries bool
	}{
		{"replaced", elfload.MismatchReplace, false, false},
		{"migrated", elfload.MismatchMigrate, false, true},
		{"migrated, pinned before", elfload.MismatchMigrate, true, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := filepath.Join(kerneltest.BPFFS(t), "pins")
			first := elfload.Options{}
			if tt.pinned {
				first.PinPath = dir
			}
			old := load(t, "order.o", first)
			if err := old.Map("a").Put(uint32(3), uint64(4711)); err != nil {
				t.Fatal(err)
			}
			c := load(t, "order.o", elfload.Options{PinPath: dir, OnMismatch: tt.by, Passed: []elfload.PassedMap{{Name: "a", FD: old.Data("a").FD}},
				Maps: []elfload.MapOverride{{Map: "a", Field: "max_entries", Value: "77"}}})
			a := c.Data("a")
			if a.Reused || a.Passed || a.Replaced == nil || !a.Replaced.Passed || a.Replaced.ID != old.Data("a").ID || a.Replaced.By != tt.by || a.Map.MaxEntries() != 77 {
				t.Errorf("%+v, replaced %+v", a, a.Replaced)
			}
			for _, m := range []struct {
				name string
				of   *ebpf.Map
				want bool
			}{{"old", old.Map("a"), true}, {"new", a.Map, tt.entries}, {"pinned", pinnedMap(t, filepath.Join(dir, "maps", "a")), tt.entries}} {
				var v uint64
				if err := m.of.Lookup(uint32(3), &v); (err == nil && v == 4711) != m.want || err != nil && !errors.Is(err, ebpf.ErrKeyNotExist) {
					t.Errorf("the %s map holds %d, %v", m.name, v, err)
				}
			}
		})
	}
}

func pinnedMap(t *testing.T, path string) *ebpf.Map {
	t.Helper()
	m, err := ebpf.LoadPinnedMap(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}
