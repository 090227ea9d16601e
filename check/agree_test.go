package check

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/bpfload/bpfload/elfload"
	"github.com/bpfload/bpfload/internal/kerneltest"
)

// What a check says of an object is what a plain load of it says, over every
// fixture of the module; and where something failed, an error of the check is
// the load's.
func TestVerdictsAgreeWithSingleLoads(t *testing.T) {
	kerneltest.Require(t)
	r := run(t, Options{}, filepath.Join("..", "testdata", "objs"))
	cache := elfload.NewTypeCache()
	bad := 0
	for i := range r.Objects {
		o := &r.Objects[i]
		c, err := elfload.Load(context.Background(), string(o.Path), elfload.Options{TypeCache: cache, Fixup: func(d *elfload.MapDef) error {
			d.Pinning, d.PinPath = 0, ""
			return nil
		}})
		if err == nil {
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		}
		if passed := o.Verdict == Passed || o.Verdict == LeftOut; passed != (err == nil) {
			t.Errorf("%s: the check says %s (%s), a load says %v", o.Path, o.Verdict, o.First().reason(), err)
			continue
		}
		if err == nil {
			continue
		}
		bad++
		if !tells(o, err) {
			t.Errorf("%s: no check tells what a load says: %v", o.Path, err)
		}
	}
	if len(r.Objects) < 100 || bad == 0 {
		t.Errorf("only %d objects, %d of them bad", len(r.Objects), bad)
	}
}

// Objects that want the same address for their arenas are not loaded at once.
func TestArenasOfOneAddress(t *testing.T) {
	kerneltest.Require(t)
	object, err := os.ReadFile(filepath.Join("..", "testdata", "objs", "arena.o"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := elfload.Load(t.Context(), filepath.Join("..", "testdata", "objs", "arena.o"), elfload.Options{})
	if errors.Is(err, elfload.ErrNotSupported) {
		t.Skip("before Linux 6.9: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for i := range 40 {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprint(i, ".o")), object, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r := run(t, Options{Jobs: 8}, dir)
	for i := range r.Objects {
		if o := &r.Objects[i]; o.Verdict != Passed {
			t.Errorf("%s: %s (%s)", o.Path, o.Verdict, o.First().reason())
		}
	}
	if len(r.Objects) != 40 {
		t.Errorf("%d objects", len(r.Objects))
	}
}

// tells whether some check has the error's code.
func tells(o *Object, err error) bool {
	want := causeOf(err, elfload.SourceLine{})
	for c := range o.Checks() {
		if c.Cause != nil && c.Cause.Code == want.Code && c.Cause.Stage == want.Stage {
			return true
		}
	}
	return false
}
