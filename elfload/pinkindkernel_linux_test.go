package elfload_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cilium/ebpf"

	"github.com/bpfload/bpfload/elfload"
	"github.com/bpfload/bpfload/internal/bpfsys"
	"github.com/bpfload/bpfload/internal/kerneltest"
)

// A program or link that is pinned, or passed, in a map's place is told for what it is.
func TestSomethingElseInAMapsPlace(t *testing.T) {
	dir := filepath.Join(kerneltest.BPFFS(t), "kinds")
	maps := filepath.Join(dir, "maps")
	if err := os.MkdirAll(maps, 0o700); err != nil {
		t.Fatal(err)
	}
	other := load(t, "attach.o", elfload.Options{Attach: to("on_lookup=netns:self")})
	pin := filepath.Join(maps, "a")
	for kind, pinTo := range map[string]func() error{
		"program": func() error { return other.Program("on_xdp").Pin(pin) },
		"link":    func() error { return bpfsys.ObjPin(other.Links[0].FD, pin) },
	} {
		if err := pinTo(); err != nil {
			t.Fatal(err)
		}
		_, err := elfload.Load(t.Context(), filepath.Join(objects, "order.o"), elfload.Options{PinPath: dir})
		var e *elfload.Error
		if !errors.As(err, &e) || e.Code != "pin_no_map" || !errors.Is(err, elfload.ErrIncompatiblePin) || !strings.Contains(err.Error(), "it is a BPF "+kind+" and no map") {
			t.Errorf("a %s: %v", kind, err)
		}
		if err := os.Remove(pin); err != nil {
			t.Fatal(err)
		}
	}
	_, err := elfload.Load(t.Context(), filepath.Join(objects, "order.o"), elfload.Options{Passed: []elfload.PassedMap{{Name: "a", FD: other.Program("on_xdp").FD()}}})
	if !errors.Is(err, elfload.ErrIncompatiblePin) || !strings.Contains(err.Error(), "it is a BPF program and no map") {
		t.Errorf("a program that is passed: %v", err)
	}
}

// The kernel tells nothing of the inner maps of an empty map of maps, and the load says so.
func TestEmptyMapOfMapsIsNotCompared(t *testing.T) {
	dir := filepath.Join(kerneltest.BPFFS(t), "empty")
	for i, want := range []bool{false, false, true} {
		c := load(t, "order.o", elfload.Options{PinPath: dir})
		told := slices.ContainsFunc(c.Warnings, func(w elfload.Warning) bool { return w.Code == "pin_inner_unknown" && w.Map == "outer" })
		if told != want {
			t.Errorf("load %d: %v", i, c.Warnings)
		}
		if i == 1 { // what is in the outer map goes
			for key := range uint32(c.Map("outer").MaxEntries()) {
				if err := c.Map("outer").Delete(key); err != nil && !errors.Is(err, ebpf.ErrKeyNotExist) {
					t.Fatal(err)
				}
			}
		}
	}
}
