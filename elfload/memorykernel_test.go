package elfload_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/cilium/ebpf"

	"github.com/bpfload/bpfload/elfload"
	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/kerneltest"
)

// memlock is what the kernel says that a map takes, 0 if it does not.
func memlock(t *testing.T, fd int) uint64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/self/fdinfo/%d", fd))
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		if digits, ok := strings.CutPrefix(string(line), "memlock:"); ok {
			n, err := strconv.ParseUint(strings.TrimSpace(digits), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	return 0
}

// Estimates of array and hash kinds are within 10 % of what the kernel counts,
// but for the few words of a map's own structure.
func TestMemoryIsWhatTheKernelTakes(t *testing.T) {
	kerneltest.Require(t)
	cpus, err := ebpf.PossibleCPU()
	if err != nil {
		t.Fatal(err)
	}
	judged := map[ebpf.MapType]int{ebpf.Array: 0, ebpf.Hash: 0, ebpf.PerCPUArray: 0, ebpf.PerCPUHash: 0, ebpf.LRUHash: 0, ebpf.ProgramArray: 0}
	for _, file := range []string{"order.o", "tailcall.o", "globals.o", "maps_only.o", "legacy_ten.o", "hundred.o"} {
		c, err := elfload.Load(t.Context(), filepath.Join(objects, file), elfload.Options{MapsOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		for i := range c.MapData {
			m := &c.MapData[i]
			typ := ebpf.MapType(m.Def.Type)
			n, ok := judged[typ]
			if real := memlock(t, m.FD); ok && real > 0 {
				judged[typ] = n + 1
				if got := m.Def.Memory().On(cpus); got > real+real/10+512 || got+512 < real-real/10 {
					t.Errorf("%s: map %q of type %v: %d bytes, the kernel says %d", file, m.Name, typ, got, real)
				}
			}
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	if judged[ebpf.Array] == 0 || judged[ebpf.Hash] == 0 {
		t.Logf("the kernel (before 6.4) does not count: %v", judged)
	}
}

// gridMap has one map of those numbers, with an inner map where the type holds maps.
func gridMap(typ, key, value, entries, flags uint32) []byte {
	m := elftest.NewMaps(nil)
	fields := []elftest.Field{m.Uint("type", typ), m.Uint("key_size", key), m.Uint("max_entries", entries), m.Uint("map_flags", flags)}
	if t := ebpf.MapType(typ); t == ebpf.ArrayOfMaps || t == ebpf.HashOfMaps {
		fields = append(fields, m.Values(m.Def("inner", m.Uint("type", 2), m.Uint("key_size", 4), m.Uint("value_size", 8), m.Uint("max_entries", 1)), 0))
	} else {
		fields = append(fields, m.Uint("value_size", value))
	}
	m.Map("grid", fields...)
	return m.Object().Bytes()
}

// The same for array and hash kinds of every shape: odd sizes, with and without
// preallocation, per CPU, LRU, maps of maps, few entries and many.
func TestMemoryOfEveryShape(t *testing.T) {
	kerneltest.Require(t)
	cpus, err := ebpf.PossibleCPU()
	if err != nil {
		t.Fatal(err)
	}
	const noPrealloc = 1
	hashes := []ebpf.MapType{ebpf.Hash, ebpf.PerCPUHash, ebpf.LRUHash, ebpf.LRUCPUHash, ebpf.HashOfMaps}
	arrays := []ebpf.MapType{ebpf.Array, ebpf.PerCPUArray, ebpf.ProgramArray, ebpf.ArrayOfMaps}
	told, tried := 0, 0
	judge := func(typ ebpf.MapType, key, value, entries, flags uint32) {
		what := fmt.Sprintf("%v with keys of %d, values of %d, %d entries, flags %d", typ, key, value, entries, flags)
		tried++
		obj, err := elfload.Read(gridMap(uint32(typ), key, value, entries, flags), elfload.ReadOptions{Name: "grid"})
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		plan, err := obj.Plan(elfload.Options{})
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		c, err := plan.Load(t.Context())
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		m := &c.MapData[0]
		if real := memlock(t, m.FD); real > 0 {
			told++
			alone := m.Def
			alone.Inner = nil // the template is another map
			if got := alone.Memory().On(cpus); got > real+real/10+512 || got+512 < real-real/10 {
				t.Errorf("%s: %d bytes, the kernel says %d", what, got, real)
			}
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	for _, value := range []uint32{1, 3, 8, 17, 100, 1000, 30000} {
		for _, entries := range []uint32{1, 3, 100, 1000, 4097} {
			for _, typ := range arrays {
				if fixed := typ == ebpf.ProgramArray || typ == ebpf.ArrayOfMaps; !fixed {
					judge(typ, 4, value, entries, 0)
				} else if value == 8 {
					judge(typ, 4, 4, entries, 0)
				}
			}
			for _, typ := range hashes {
				lru := typ == ebpf.LRUHash || typ == ebpf.LRUCPUHash
				for _, key := range []uint32{1, 4, 7, 33, 200} {
					if typ == ebpf.HashOfMaps && value != 8 || typ == ebpf.LRUCPUHash && entries < uint32(cpus) {
						continue
					}
					judge(typ, key, value, entries, 0)
					if !lru {
						judge(typ, key, value, entries, noPrealloc)
					}
				}
			}
		}
	}
	t.Logf("%d shapes, of which the kernel tells %d", tried, told)
}
