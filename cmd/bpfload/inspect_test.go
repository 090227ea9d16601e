package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/bpfload/bpfload/internal/elftest"
)

func TestInspectText(t *testing.T) {
	object := elftest.Legacy(nil, "maps",
		elftest.LegacyMap{Name: "inner", Words: []uint32{1, 4, 8, 5, 1 << 2, 0, 1}, Aliases: []string{"also", "odd name"}},
		elftest.LegacyMap{Name: "outer", Words: []uint32{12, 4, 4, 3, 0, 0, 0}})
	version := elftest.Data("version", []byte{0x04, 0x05, 0x06, 0})
	object.Sections = append(object.Sections, elftest.Data("license", []byte("Dual \"MIT\"\x00")), version)
	path := filepath.Join(t.TempDir(), "legacy.o")
	if err := os.WriteFile(path, object.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	want := `legacy.o: little endian, license "Dual \"MIT\"", version 6.5.4 (0x60504)

maps
  #  NAME   TYPE           KEY     VALUE     ENTRIES  MEMORY                     FLAGS      AT         DIALECT
  0  inner  hash             4  -      8  -        5  1.3 KiB + 72 bytes × CPUs  numa_node  maps+0x0   samples
  1  outer  array_of_maps    4  -      4  -        3  336 bytes                  -          maps+0x1c  samples
  in all 1.6 KiB + 72 bytes × CPUs of kernel memory

  inner
      dialect samples (named by the caller)
      also called also, "odd name"
      numa_node 1

  outer
      dialect samples (named by the caller)
      inner map like inner: hash, key 4, value 8, entries 5, flags numa_node
`
	if r := bpfload(t, "inspect", "--dialect", "samples", path); r.out != want || r.code != 0 {
		t.Errorf("status %d, got:\n%s\nwant:\n%s", r.code, r.out, want)
	}
}

// A pinning table gives iproute2's custom numbers a place (L58).
func TestPinTable(t *testing.T) {
	table := filepath.Join(t.TempDir(), "bpf_pinning")
	if err := os.WriteFile(table, []byte("# mine\n5 my/place\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	obj := "../../testdata/objs/legacy_iproute2.o"
	r := bpfload(t, "plan", obj, "--pin-table", table, "--dialect-pins")
	r.want(t, 0, []string{"pin=/sys/fs/bpf/my/place/cust"}, nil)
	bpfload(t, "plan", obj, "--pin-table", table+".missing").want(t, 2, nil, []string{"no such file"})
}
