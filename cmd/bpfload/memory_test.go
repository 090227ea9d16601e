package main

import (
	"testing"

	"github.com/bpfload/bpfload/internal/kerneltest"
)

func TestParseSize(t *testing.T) {
	for s, want := range map[string]uint64{"1": 1, "4096": 4096, "3K": 3 << 10, "64M": 64 << 20, "2G": 2 << 30, "16383T": 16383 << 40} {
		if n, err := parseSize(s); err != nil || n != want {
			t.Errorf("%q is %d, %v", s, n, err)
		}
	}
	for _, s := range []string{"0", "-1", "M", "1.5G", "64MB", "18446744073709551616", "16777216T", " 1"} {
		if n, err := parseSize(s); err == nil {
			t.Errorf("%q is %d", s, n)
		}
	}
}

func TestMaxMemory(t *testing.T) {
	big := []string{"--map", "a.max_entries=4294967295", "--max-memory", "64M", objects + "order.o"}
	for _, command := range []string{"plan", "load"} {
		bpfload(t, append([]string{command}, big...)...).want(t, exitObject, nil, []string{"kernel memory", "64 MiB is allowed", "hint: "})
	}
	bpfload(t, "plan", "--max-memory", "64M", objects+"order.o").want(t, 0, []string{"create_map"}, nil)
	bpfload(t, "plan", "--max-memory", "lots", objects+"order.o").want(t, exitUsage, nil, []string{`"lots" is not a size`})
	d := bpfload(t, "load", "--json", "--max-memory", "1", objects+"order.o").document(t)
	if d.Error == nil || d.Error.Code != "max_memory" {
		t.Errorf("%+v", d.Error)
	}
}

func TestMemoryInDocuments(t *testing.T) {
	d := bpfload(t, "inspect", "--json", objects+"order.o").document(t)
	sum := uint64(0)
	for i := range d.Maps {
		sum += d.Maps[i].Memory.Bytes
		if in := d.Maps[i].Inner; in != nil && in.Index < 0 {
			sum += in.Memory.Bytes
		}
	}
	if d.Memory.Bytes != sum || sum == 0 {
		t.Errorf("%v in all, the maps have %d", d.Memory, sum)
	}
	kerneltest.Require(t)
	if l := bpfload(t, "load", "--json", objects+"order.o").document(t); l.Memory.Bytes == 0 {
		t.Errorf("a load tells nothing: %+v", l.Memory)
	}
}
