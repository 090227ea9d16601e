package elfload_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cilium/ebpf"

	"github.com/bpfload/bpfload/elfload"
	"github.com/bpfload/bpfload/internal/kerneltest"
)

func load(t *testing.T, name string, opts elfload.Options) *elfload.Collection {
	t.Helper()
	c, err := elfload.Load(context.Background(), filepath.Join(objects, name), opts)
	if err != nil {
		var e *elfload.Error
		if errors.As(err, &e) {
			t.Log(e.Hint, "\n", e.Log)
		}
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func openDescriptors(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		if to, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil && strings.Contains(to, "bpf") {
			out = append(out, e.Name()+" "+to)
		}
	}
	return out
}

// Maps are created in definition order: the kernel's ids ascend along the table.
func TestOrderInKernel(t *testing.T) {
	kerneltest.Require(t)
	for _, f := range []struct {
		file string
		want []string
	}{
		{"order.o", []string{"outer", "inner", "a", "b"}},
		{"legacy_ten.o", nil},
	} {
		t.Run(f.file, func(t *testing.T) {
			c := load(t, f.file, elfload.Options{})
			var names []string
			var ids []uint32
			for i, m := range c.MapData {
				if m.Index != i || m.FD < 3 || m.ID == 0 {
					t.Errorf("row %d is %+v", i, m)
				}
				names = append(names, m.Name)
				ids = append(ids, m.ID)
			}
			if !slices.IsSorted(ids) {
				t.Errorf("ids %v of %v are not in definition order", ids, names)
			}
			if f.want != nil && !slices.Equal(names, f.want) {
				t.Errorf("maps are %v, want %v", names, f.want)
			}
			if f.want == nil && len(names) < 10 {
				t.Errorf("only %d maps: %v", len(names), names)
			}
		})
	}
}

// The first example that everybody learns from: an array of maps initialised
// with .values = { (void *)&inner_map, 0, 0 }.
func TestArrayOfMaps(t *testing.T) {
	kerneltest.Require(t)
	c := load(t, "array_of_maps.o", elfload.Options{})
	for _, d := range c.MapData {
		for _, s := range d.Def.Slots {
			var id uint32
			if err := d.Map.Lookup(s.Index, &id); err != nil {
				t.Errorf("%s[%d]: %v", d.Name, s.Index, err)
			} else if want := c.MapData[s.Target.Index].ID; id != want {
				t.Errorf("%s[%d] is map %d, want %d", d.Name, s.Index, id, want)
			}
		}
	}
	outer := c.Data("outer_map")
	if outer == nil || len(outer.Def.Slots) == 0 {
		t.Fatalf("no initialised outer_map among %d maps", len(c.MapData))
	}
	var id uint32
	if err := outer.Map.Lookup(uint32(1), &id); !errors.Is(err, ebpf.ErrKeyNotExist) {
		t.Errorf("slot 1 was left empty in C, and holds %d (%v)", id, err)
	}
}

// The second: a program array initialised with [1] = (void *)&tailcall_1. The
// tail call is taken.
func TestTailCall(t *testing.T) {
	kerneltest.Require(t)
	c := load(t, "tailcall.o", elfload.Options{})
	ret, _, err := c.Program("entry").Test(make([]byte, 64))
	if err != nil {
		t.Fatal(err)
	}
	if ret != 42 {
		t.Errorf("entry returned %d: the tail call was not taken", ret)
	}
}

// Loading leaves nothing open, whether it succeeds or fails.
func TestNothingStaysOpen(t *testing.T) {
	kerneltest.Require(t)
	before := openDescriptors(t)
	for _, path := range fixtures(t) {
		if strings.HasSuffix(path, ".eb.o") {
			continue
		}
		c, err := elfload.Load(context.Background(), path, elfload.Options{BPFFS: kerneltest.BPFFS(t)})
		if err == nil {
			err = c.Close()
		}
		_ = err // what each fixture is to give is TestFixturesInKernel's
		if after := openDescriptors(t); !slices.Equal(before, after) {
			t.Fatalf("%s: open before %v, after %v", path, before, after)
		}
	}
}

// A foreign-endian object is refused before any system call (L2, R8).
func TestForeignByteOrder(t *testing.T) {
	foreign := filepath.Join(objects, "tailcall.eb.o")
	if obj, err := elfload.Open(foreign); err != nil {
		t.Fatal(err)
	} else if plan, err := obj.Plan(elfload.Options{}); err != nil {
		t.Fatal(err)
	} else if _, err = plan.Load(context.Background()); !errors.Is(err, elfload.ErrBadObject) || !strings.Contains(err.Error(), "endian") {
		t.Errorf("loading a foreign object: %v", err)
	}
}

// C24: its maps alone are created, with types, slots and contents as in the file.
func TestForeignMaps(t *testing.T) {
	kerneltest.Require(t)
	for _, name := range []string{"spin_lock", "list_head", "globals", "array_of_maps", "kconfig_types", "legacy_samples"} {
		t.Run(name, func(t *testing.T) {
			own, foreign := load(t, name+".o", elfload.Options{MapsOnly: true}), load(t, name+".eb.o", elfload.Options{MapsOnly: true})
			if !slices.ContainsFunc(foreign.Warnings, func(w elfload.Warning) bool { return w.Code == "byte_order" }) {
				t.Errorf("warnings %+v", foreign.Warnings)
			}
			for i := range own.MapData {
				a, b := &own.MapData[i], &foreign.MapData[i]
				if a.Name != b.Name || a.BTF != b.BTF || a.ValueSize != b.ValueSize || a.MaxEntries != b.MaxEntries {
					t.Errorf("map %q: %+v, foreign %+v", a.Name, a, b)
				}
				if value := make([]byte, b.ValueSize); name == "globals" {
					copy(value, b.Def.Contents)
					if got, err := b.Map.LookupBytes(uint32(0)); err != nil || !slices.Equal(got, value) {
						t.Errorf("map %q holds %x, %v; the file %x", b.Name, got, err, value)
					}
				}
			}
		})
	}
}
