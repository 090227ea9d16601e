package elfload

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"github.com/bpfload/bpfload/internal/kerneltest"
)

// A pinned map of constants is used again only with the same constants: programs
// would otherwise run with those of an older load, whatever --var says now.
func TestPinnedConstants(t *testing.T) {
	dir := filepath.Join(kerneltest.BPFFS(t), "constants")
	obj, err := Open("../testdata/objs/globals.o")
	if err != nil {
		t.Fatal(err)
	}
	load := func(constant string, opts Options) (*Collection, error) {
		t.Helper()
		opts.PinPath, opts.Vars = dir, []Var{{"constant", constant}, {"initialised", constant}}
		plan, err := obj.Plan(opts)
		if err != nil {
			t.Fatal(err)
		}
		c, err := plan.Load(context.Background())
		if err == nil {
			t.Cleanup(func() {
				if err := c.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		return c, err
	}
	first, err := load("7", Options{})
	if err != nil {
		t.Fatal(err)
	}
	same, err := load("7", Options{})
	if err != nil || !same.MapData[1].Reused || same.MapData[1].ID != first.MapData[1].ID {
		t.Fatalf("%v; used again: %v", err, same.MapData[1].Reused)
	}
	var e *Error
	if _, err := load("77", Options{}); !errors.Is(err, ErrIncompatiblePin) || !errors.As(err, &e) || e.Symbol != "globals.rodata" {
		t.Fatalf("other constants: %v", err)
	}
	next, err := load("77", Options{OnMismatch: MismatchMigrate})
	if err != nil {
		t.Fatal(err)
	}
	var value [8]byte
	if err := next.Map("globals.rodata").Lookup(uint32(0), &value); err != nil || value[0] != 77 || next.MapData[1].Reused {
		t.Errorf("constants after the upgrade: %v, %v, used again: %v", value, err, next.MapData[1].Reused)
	}
	if !next.MapData[0].Reused || next.MapData[0].ID != first.MapData[0].ID {
		t.Error("variables are not those of the older load")
	}
}
