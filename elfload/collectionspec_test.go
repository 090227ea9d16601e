package elfload_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/cilium/ebpf"

	"github.com/bpfload/bpfload/elfload"
	"github.com/bpfload/bpfload/internal/kerneltest"
)

// specRuns are objects whose blueprint cilium/ebpf loads, and what a program of
// theirs returns then: slots, references, calls and constants have arrived.
var specRuns = [...]struct {
	file, program string
	want          uint32
}{
	{"tailcall.o", "entry", 42}, {"array_of_maps.o", "looks_inside", 2}, {"hash_of_maps.o", "pick", 2}, {"static_maps.o", "uses_statics", 2},
	{"alias_maps.o", "uses_alias", 2}, {"hidden_maps.o", "uses_hidden", 2}, {"subprog_static.o", "calls", 7},
	{"subprog_global.o", "twenty", 20}, {"callback.o", "loops", 7}, {"legacy_static.o", "looks_up", 1}, {"legacy_subprog.o", "looks_up", 2},
	{"legacy_samples_nobtf.o", "begins", 3},
}

func TestCollectionSpecLoads(t *testing.T) {
	kerneltest.Require(t)
	for _, c := range specRuns {
		t.Run(c.file, func(t *testing.T) {
			obj, err := elfload.Open(filepath.Join(objects, c.file))
			if err != nil {
				t.Fatal(err)
			}
			spec, err := obj.CollectionSpec()
			if err != nil {
				t.Fatal(err)
			}
			if spec.Maps["numa"] != nil { // C25: that library knows no numa_node in definitions, and refuses node 0 with the flag
				spec.Maps["numa"].Flags, spec.Maps["numa"].NumaNode = 0, 0
			}
			coll, err := ebpf.NewCollection(spec)
			if err != nil {
				t.Fatalf("%+v", err)
			}
			defer coll.Close()
			ret, _, err := coll.Programs[c.program].Test(make([]byte, 64))
			if err != nil || ret != c.want {
				t.Errorf("%s returned %d, %v; want %d", c.program, ret, err, c.want)
			}
		})
	}
}

// Every fixture that can be planned gives a blueprint with its maps and
// programs, or says why cilium/ebpf cannot carry it.
func TestCollectionSpecOfAll(t *testing.T) {
	made := 0
	for _, path := range fixtures(t) {
		obj, err := elfload.Open(path)
		if err != nil {
			continue
		}
		plan, err := obj.Plan(elfload.Options{})
		if err != nil {
			continue
		}
		spec, err := obj.CollectionSpec()
		if err != nil {
			if !strings.Contains(err.Error(), "CollectionSpec") && !strings.Contains(err.Error(), "cilium/ebpf") {
				t.Errorf("%s: %v", path, err)
			}
			continue
		}
		made++
		loaded, created := 0, 0
		for i := range plan.Maps {
			if plan.Maps[i].Create {
				created++
			}
		}
		for i := range plan.Programs {
			if plan.Programs[i].Load {
				loaded++
			}
		}
		if len(spec.Maps) != created || len(spec.Programs) != loaded {
			t.Errorf("%s: %d of %d maps, %d of %d programs", path, len(spec.Maps), created, len(spec.Programs), loaded)
		}
	}
	if made < 150 {
		t.Errorf("only %d blueprints", made)
	}
}
