package elfload

import (
	"context"
	"debug/elf"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/bpfload/bpfload/internal/bpfsys"
	"github.com/bpfload/bpfload/internal/elftest"
)

func TestMemoryText(t *testing.T) {
	for want, m := range map[string]Memory{"0 bytes": {}, "12 KiB": {Bytes: 12 << 10}, "8 bytes × CPUs": {PerCPU: 8}, "1 MiB + 64 bytes × CPUs": {1 << 20, 64}} {
		if got := m.String(); got != want {
			t.Errorf("%+v is %q, want %q", m, got, want)
		}
	}
	if n := (Memory{1, math.MaxUint64}).On(2); n != math.MaxUint64 {
		t.Errorf("it overflows to %d", n)
	}
}

// The two numbers give what bpfsys says for any number of CPUs.
func TestMemoryIsLinear(t *testing.T) {
	for typ := uint32(1); typ < 35; typ++ {
		for _, flags := range []uint32{0, 1} { // BPF_F_NO_PREALLOC
			d := MapDef{Type: typ, KeySize: 4, ValueSize: 20, MaxEntries: 4096, Flags: flags}
			m := mapMemory(&d, false)
			for _, cpus := range []int{1, 2, 3, 64} {
				want := bpfsys.MapMemory(&bpfsys.MapAttr{Type: typ, KeySize: 4, ValueSize: 20, MaxEntries: 4096, Flags: flags}, cpus)
				if got := m.On(cpus); got != want {
					t.Errorf("type %d, flags %d on %d CPUs: %d, want %d", typ, flags, cpus, got, want)
				}
			}
		}
	}
	perf := mapMemory(&MapDef{Type: 4, KeySize: 4, ValueSize: 4}, true)
	if perf.PerCPU != 8 {
		t.Errorf("R78 a slot per CPU: %+v", perf)
	}
}

// bigMaps has a map of so many entries of 4 KiB, and a map of maps like it.
func bigMaps(t *testing.T, entries uint32) *Object {
	t.Helper()
	m := elftest.NewMaps(hostOrder)
	inner := m.Def("inner", m.Uint("type", 2), m.Uint("key_size", 4), m.Uint("value_size", 4096), m.Uint("max_entries", entries))
	m.Map("big", m.Uint("type", 2), m.Uint("key_size", 4), m.Uint("value_size", 4096), m.Uint("max_entries", entries))
	m.Map("outer", m.Uint("type", 12), m.Uint("key_size", 4), m.Uint("max_entries", 2), m.Values(inner, 0))
	obj, err := Read(m.Object().Bytes(), ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return obj
}

func TestMaxMemory(t *testing.T) {
	const some = 1024 // entries: 4 MiB, and a template of 4 MiB
	for _, row := range []struct {
		name    string
		entries uint32
		most    uint64
		refused bool
	}{
		{"no limit", some, 0, false},
		{"enough", some, 9 << 20, false},
		{"the template counts", some, 8 << 20, true},
		{"the sum counts", some, 7 << 20, true},
		{"16 TiB", math.MaxUint32, 64 << 20, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := bigMaps(t, row.entries).Plan(Options{MaxMemory: row.most})
			var e *Error
			if !row.refused {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if !errors.As(err, &e) || e.Code != "max_memory" || e.Kind != ErrBadObject || e.Symbol != "big" && e.Symbol != "outer" || !strings.Contains(e.Hint, "--max-memory") {
				t.Errorf("%v", err)
			}
		})
	}
}

// What depends on the number of CPUs is refused before the first system call.
func TestMaxMemoryPerCPU(t *testing.T) {
	m := elftest.NewMaps(hostOrder)
	m.Map("each", m.Uint("type", 6), m.Uint("key_size", 4), m.Uint("value_size", 1024), m.Uint("max_entries", 1024))
	obj, err := Read(m.Object().Bytes(), ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for most, refused := range map[uint64]bool{2 << 20: true, 5 << 20: false} { // 1 MiB for each of 4 CPUs
		plan, err := obj.Plan(Options{MaxMemory: most})
		if err != nil {
			t.Fatal(err)
		}
		r := newRecorder()
		c, err := plan.load(context.Background(), r)
		var e *Error
		switch {
		case !refused:
			if err == nil {
				err = c.Close()
			}
			if err != nil {
				t.Error(err)
			}
		case !errors.As(err, &e) || e.Code != "max_memory" || len(r.calls) != 1 || r.calls[0] != "cpus":
			t.Errorf("%v after %v", err, r.calls)
		}
	}
}

// A section of zeros that claims gigabytes is not allocated to set a variable.
func TestVarOfHugeSection(t *testing.T) {
	o := &elftest.Object{Order: hostOrder, Sections: []elftest.Section{elftest.Exec("xdp", elftest.Exit(hostOrder)),
		{Name: ".bss", Type: elf.SHT_NOBITS, Flags: elf.SHF_ALLOC | elf.SHF_WRITE, Size: 4<<30 - 8, Align: 8}},
		Symbols: []elftest.Symbol{elftest.Func("prog", "xdp", 0, 8), elftest.Global("far", ".bss", 4<<30-16, 4)}}
	obj, err := Read(o.Bytes(), ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var e *Error
	if _, err := obj.Plan(Options{Vars: []Var{{"far", "1"}}}); !errors.As(err, &e) || e.Code != "var_range" {
		t.Errorf("%v", err)
	}
	if plan, err := obj.Plan(Options{}); err != nil || plan.Memory().Bytes < 4<<30-4096 {
		t.Errorf("%v", err)
	}
}
