package elfload

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/cilium/ebpf/btf"

	"github.com/bpfload/bpfload/internal/progs"
)

// The fast way to relocate gives what cilium/ebpf gives, byte for byte and message for
// message, for every program of the fixtures and of BPFLOAD_CORE_OBJECTS (directories,
// separated by colons), against the running kernel's types.
func TestFastRelocationAgrees(t *testing.T) {
	table, err := readVmlinux(host{})
	if err != nil {
		t.Skipf("the running kernel shows no types: %v", err)
	}
	spec, err := btf.LoadKernelSpec()
	if err != nil {
		t.Fatal(err)
	}
	dirs := []string{"../testdata/objs"}
	if more := os.Getenv("BPFLOAD_CORE_OBJECTS"); more != "" {
		dirs = append(dirs, strings.Split(more, ":")...)
	}
	programs, fast := 0, 0
	for _, dir := range dirs {
		files, err := filepath.Glob(filepath.Join(dir, "*.o"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range files {
			p, f := agree(t, path, func(o *Object, codes []*progs.Code) *progs.FastRelocator {
				return o.progs.NewFastRelocator(table, codes)
			}, spec)
			programs, fast = programs+p, fast+f
		}
	}
	t.Logf("%d of %d programs are relocated the fast way", fast, programs)
	if programs == 0 || fast < programs*3/4 {
		t.Errorf("%d of %d programs are relocated the fast way", fast, programs)
	}
}

// agree counts the programs that have CO-RE relocations, and those of them that are plain.
func agree(t *testing.T, path string, relocator func(*Object, []*progs.Code) *progs.FastRelocator, spec *btf.Spec) (programs, fast int) {
	o, err := Open(path)
	if err != nil || o.foreign() {
		return 0, 0
	}
	p, err := o.Plan(Options{KeepGoing: true})
	if err != nil {
		return 0, 0
	}
	codes := p.coreCodes()
	if len(codes) == 0 {
		return 0, 0
	}
	slow, err := o.progs.NewRelocator()
	if err != nil {
		t.Errorf("%s: %v", path, err)
		return 0, 0
	}
	f := relocator(o, codes)
	for _, c := range codes {
		got, want := bytes.Clone(c.Insns), bytes.Clone(c.Insns)
		lost, ok := f.Relocate(c, got)
		programs++
		if !ok {
			continue
		}
		fast++
		wantLost, err := slow.Relocate(c, want, []*btf.Spec{spec})
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if !bytes.Equal(got, want) || !reflect.DeepEqual(lost, wantLost) {
			t.Errorf("%s, %s: another result; lost %v instead of %v", path, c.Parts[0].Section, lost, wantLost)
		}
	}
	return programs, fast
}

// foreign tells of an object of the other byte order.
func (o *Object) foreign() bool { return !sameOrder(o.file.Order) }
