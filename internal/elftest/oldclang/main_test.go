package main

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"testing"

	"github.com/bpfload/bpfload/internal/elftest"
)

func TestForget(t *testing.T) {
	o := elftest.Legacy(binary.BigEndian, "maps", elftest.LegacyMap{Name: "m", Words: []uint32{1, 4, 4, 1}})
	o.Sections = append(o.Sections, elftest.Exec("socket", elftest.Exit(binary.BigEndian)))
	o.Symbols = append(o.Symbols, elftest.Func("prog", "socket", 0, 8), elftest.SectionSymbol("maps"))
	raw := o.Bytes()
	if err := forget(raw); err != nil {
		t.Fatal(err)
	}
	f, err := elf.NewFile(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	symbols, err := f.Symbols()
	if err != nil || len(symbols) != 3 {
		t.Fatalf("symbols are %v (%v)", symbols, err)
	}
	for _, s := range symbols {
		want := elf.ST_INFO(elf.STB_GLOBAL, elf.STT_NOTYPE)
		if s.Name == "" {
			want = elf.ST_INFO(elf.STB_LOCAL, elf.STT_SECTION)
		}
		if s.Info != want || s.Size != 0 {
			t.Errorf("symbol %q has info %#x and size %d", s.Name, s.Info, s.Size)
		}
	}
	if err := forget((&elftest.Object{NoSymtab: true}).Bytes()); err == nil {
		t.Error("an object without a symbol table is accepted")
	}
	if err := forget([]byte("\x7fELF")); err == nil {
		t.Error("a truncated object is accepted")
	}
}
