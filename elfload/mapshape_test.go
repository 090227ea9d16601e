package elfload

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cilium/ebpf"

	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/kerneltest"
)

// Whatever the kernel makes of a definition, it is used again: sizes that are
// rounded, flags that are added or are the descriptor's alone.
func TestEveryPinnedMapIsUsedAgain(t *testing.T) {
	kerneltest.Require(t)
	paths, err := filepath.Glob("../testdata/objs/*.o")
	if err != nil {
		t.Fatal(err)
	}
	root, maps := kerneltest.BPFFS(t), 0
	for _, path := range paths {
		name := strings.ReplaceAll(filepath.Base(path), ".", "_")
		obj, err := Open(path)
		if err != nil || obj.ByteOrder() != "little" {
			continue
		}
		plan, err := obj.Plan(Options{PinPath: filepath.Join(root, name), MapsOnly: true})
		if err != nil {
			continue
		}
		c, err := plan.Load(context.Background())
		if err != nil {
			continue // other tests know which may fail
		}
		again, err := plan.Load(context.Background())
		if err != nil {
			t.Errorf("%s: over its own pins: %v", name, err)
		} else {
			for i := range again.MapData {
				if m := &again.MapData[i]; m.FD >= 0 && (!m.Reused || m.ID != c.MapData[i].ID) {
					t.Errorf("%s: map %q is made anew", name, m.Name)
				}
				maps++
			}
			err = again.Close()
		}
		if err := errors.Join(err, c.Close()); err != nil {
			t.Error(err)
		}
	}
	if maps < 200 {
		t.Errorf("only %d maps: the test asserts too little", maps)
	}
}

// oneMap is an object with one map of those members.
func oneMap(t *testing.T, members func(*elftest.Maps) []elftest.Field) *Object {
	t.Helper()
	m := elftest.NewMaps(nil)
	m.Map("table", members(m)...)
	obj, err := Read(m.Object().Bytes(), ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return obj
}

// uintFields are members that are numbers: name, number, name, number…
func uintFields(pairs ...any) func(*elftest.Maps) []elftest.Field {
	return func(m *elftest.Maps) []elftest.Field {
		var out []elftest.Field
		for i := 0; i < len(pairs); i += 2 {
			out = append(out, m.Uint(pairs[i].(string), uint32(pairs[i+1].(int))))
		}
		return out
	}
}

func TestRoundedAndFlaggedMapsAreUsedAgain(t *testing.T) {
	kerneltest.Require(t)
	for name, members := range map[string]func(*elftest.Maps) []elftest.Field{
		"LRU lists per CPU": uintFields("type", int(ebpf.LRUHash), "key_size", 4, "value_size", 4, "max_entries", 1001, "map_flags", flagNoCommonLRU),
		"read-only":         uintFields("type", int(ebpf.Array), "key_size", 4, "value_size", 4, "max_entries", 1, "map_flags", flagRdonly),
		"devmap":            uintFields("type", int(ebpf.DevMap), "key_size", 4, "value_size", 4, "max_entries", 4),
		"perf":              uintFields("type", int(ebpf.PerfEventArray)),
		"ring buffer":       uintFields("type", int(ebpf.RingBuf), "max_entries", 5000),
		"bloom filter":      uintFields("type", int(ebpf.BloomFilter), "value_size", 4, "max_entries", 100),
	} {
		t.Run(name, func(t *testing.T) {
			plan, err := oneMap(t, members).Plan(Options{PinPath: filepath.Join(kerneltest.BPFFS(t), "p")})
			if err != nil {
				t.Fatal(err)
			}
			for try := range 2 {
				c, err := plan.Load(context.Background())
				if err != nil {
					t.Fatalf("load %d: %v", try, err)
				}
				if m := &c.MapData[0]; m.Reused != (try == 1) {
					t.Errorf("load %d: %+v", try, m)
				} else if info, err := m.Map.Info(); err != nil || info.MaxEntries != m.MaxEntries {
					t.Errorf("load %d: the table says %d entries, the kernel %v, %v", try, m.MaxEntries, info, err)
				}
				if err := c.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// A pinned map of maps is compared by what it holds.
func TestInnerMapsAreCompared(t *testing.T) {
	kerneltest.Require(t)
	dir := filepath.Join(kerneltest.BPFFS(t), "inner")
	obj, err := Open("../testdata/objs/order.o")
	if err != nil {
		t.Fatal(err)
	}
	load := func(maps ...MapOverride) error {
		plan, err := obj.Plan(Options{PinPath: dir, Maps: maps, MapsOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		c, err := plan.Load(context.Background())
		if err != nil {
			return err
		}
		return c.Close()
	}
	if err := errors.Join(load(), load()); err != nil {
		t.Fatal(err)
	}
	plan, err := obj.Plan(Options{PinPath: dir, MapsOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	outer, _ := obj.MapIndex("outer")
	if plan.Maps[outer].Inner == nil {
		t.Fatal("the fixture's outer map has no template of its own")
	}
	plan.Maps[outer].Inner.MaxEntries = 7
	_, err = plan.Load(context.Background())
	var e *Error
	if !errors.As(err, &e) || e.Code != "pin_incompatible" || e.Symbol != "outer" || !strings.Contains(err.Error(), "inner map's max_entries 1 instead of 7") {
		t.Errorf("%v", err)
	}
}
