package elfload_test

import (
	"context"
	"encoding/binary"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cilium/ebpf"

	"github.com/bpfload/bpfload/elfload"
	"github.com/bpfload/bpfload/internal/kerneltest"
)

func run(t *testing.T, c *elfload.Collection, program string) uint32 {
	t.Helper()
	ret, err := c.Program(program).Run(&ebpf.RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return ret
}

// R118, R119: the variables stand at the start of the arena, for programs and in
// this process alike. C97: the arena needs no map_extra.
func TestArenaData(t *testing.T) {
	kerneltest.Require(t)
	c := load(t, "arena_plain.o", elfload.Options{Vars: []elfload.Var{{Name: "second", Value: "7"}}})
	heap := c.Data("heap")
	at := func(name string) []byte {
		for _, g := range c.Plan.Object.Globals() {
			if g.Name == name && g.Map == heap.Index {
				return heap.Memory[g.Offset:]
			}
		}
		t.Fatalf("no variable %q in the arena", name)
		return nil
	}
	if n := len(heap.Memory); n != 2*4096 {
		t.Fatalf("%d bytes are mapped", n)
	}
	if v := binary.NativeEndian.Uint32(at("first")); v != 0x1234 {
		t.Errorf("first is %#x", v)
	}
	if ret := run(t, c, "adds"); ret != 0x1234+7 {
		t.Errorf("the program sees %#x", ret)
	}
	if v := binary.NativeEndian.Uint64(at("second")); v != 0x1234+7 {
		t.Errorf("second is %#x after the program ran", v)
	}
	binary.NativeEndian.PutUint64(at("second"), 1)
	if ret := run(t, c, "adds"); ret != 0x1235 {
		t.Errorf("the program does not see what was written: %#x", ret)
	}
}

// R118: with map_extra the arena is there and nowhere else, and only once.
func TestArenaAddress(t *testing.T) {
	kerneltest.Require(t)
	c := load(t, "arena.o", elfload.Options{})
	if ret := run(t, c, "counts"); ret != 4 {
		t.Errorf("the counter begins with %d", ret)
	}
	_, err := elfload.Load(context.Background(), filepath.Join(objects, "arena.o"), elfload.Options{})
	var e *elfload.Error
	if !errors.As(err, &e) || e.Code != "arena_mmap" || !strings.Contains(e.Hint, "loaded before") {
		t.Errorf("a second arena at the same address: %v", err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	again := load(t, "arena.o", elfload.Options{})
	if ret := run(t, again, "counts"); ret != 4 {
		t.Errorf("after the first was closed the counter begins with %d", ret)
	}
}

// R120: an arena that was there already keeps its contents.
func TestArenaReused(t *testing.T) {
	kerneltest.Require(t)
	dir := filepath.Join(kerneltest.BPFFS(t), "arena")
	first := load(t, "arena_plain.o", elfload.Options{PinPath: dir})
	run(t, first, "adds")
	second := load(t, "arena_plain.o", elfload.Options{PinPath: dir})
	if d := second.Data("heap"); !d.Reused || d.Memory != nil {
		t.Errorf("reused: %t, %d bytes mapped", d.Reused, len(d.Memory))
	}
	if ret := run(t, second, "adds"); ret != 5+2*0x1234 {
		t.Errorf("the second program sees %#x", ret)
	}
}

// R117 counts with the max_entries that the caller sets.
func TestArenaSize(t *testing.T) {
	obj, err := elfload.Open(filepath.Join(objects, "err_arena_size.o"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		entries string
		page    int
		code    string
	}{{"1", 4096, "arena_size"}, {"2", 4096, ""}, {"1", 16384, ""}, {"0", 4096, "map_size"}} {
		_, err := obj.Plan(elfload.Options{PageSize: tt.page, Maps: []elfload.MapOverride{{Map: "heap", Field: "max_entries", Value: tt.entries}}})
		code := ""
		if e, ok := errors.AsType[*elfload.Error](err); ok {
			code = e.Code
		}
		if code != tt.code {
			t.Errorf("R117 %s pages of %d: %v", tt.entries, tt.page, err)
		}
	}
}
