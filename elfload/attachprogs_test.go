package elfload_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/bpfload/bpfload/elfload"
	"github.com/bpfload/bpfload/internal/kerneltest"
)

// Programs that replace or trace another program's function are refused by some
// kernels with EPERM, whoever asks: then nothing but the refusal is tested.
func TestAttachProgInKernel(t *testing.T) {
	kerneltest.Require(t)
	dir := filepath.Join(kerneltest.BPFFS(t), "attach_prog")
	target := load(t, "freplace_target.o", elfload.Options{PinPath: dir})
	load(t, "order.o", elfload.Options{PinPath: dir})
	id := fmt.Sprint(target.Programs[0].ID)
	for _, tt := range []struct {
		name string
		opts elfload.Options
		ok   bool
	}{
		{"freplace by pin", elfload.Options{AttachProgs: []elfload.AttachProg{{Program: "replacement", Target: dir + "/progs/passes"}}}, true},
		{"freplace by id", elfload.Options{AttachProgs: []elfload.AttachProg{{Program: "replacement", Target: id}}}, true},
		{"fentry by id", elfload.Options{Autoload: []string{"entered"}, AttachProgs: []elfload.AttachProg{
			{Program: "replacement", Target: id + ":replaceable"}, {Program: "entered", Target: id}}}, true},
		{"no target", elfload.Options{}, false},
		{"no such function", elfload.Options{AttachProgs: []elfload.AttachProg{{Program: "replacement", Target: id + ":nosuch"}}}, false},
		{"no such program", elfload.Options{AttachProgs: []elfload.AttachProg{{Program: "replacement", Target: "4294967295"}}}, false},
		{"a map", elfload.Options{AttachProgs: []elfload.AttachProg{{Program: "replacement", Target: dir + "/maps/a"}}}, false},
	} {
		c, err := elfload.Load(context.Background(), filepath.Join(objects, "freplace.o"), tt.opts)
		switch {
		case err == nil:
			if !tt.ok {
				t.Errorf("%s: it is loaded", tt.name)
			}
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		case tt.ok && errors.Is(err, syscall.EPERM):
			t.Logf("%s: this kernel refuses it: %v", tt.name, err)
		case tt.ok || !errors.Is(err, elfload.ErrUsage):
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}
