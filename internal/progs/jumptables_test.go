package progs

import (
	"debug/elf"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"

	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/mapdef"
)

// tableObject has program "p", which calls "sub" and takes the tables with those
// addends; both functions stand in one section, "sub" first. Words are the section .jumptables.
func tableObject(order binary.ByteOrder, addend uint64, words []uint64, tables ...elftest.Symbol) *elftest.Object {
	var data []byte
	for _, w := range words {
		data = append(data, make([]byte, 8)...)
		order.PutUint64(data[len(data)-8:], w)
	}
	insns := [][]byte{code(order, 2)} // sub
	sec := elftest.Section{}
	for i, s := range tables {
		sec.Relocs = append(sec.Relocs, elftest.Reloc{Offset: 16 + 16*uint64(i), Type: mapdef.R_BPF_64_64, Symbol: s.Name})
		insns = append(insns, elftest.LdImm64(order, elftest.R1, 0, addend))
	}
	insns = append(insns, elftest.Call(order, 1, int32(-1-2*len(tables)-2)), elftest.Exit(order))
	relocs := sec.Relocs
	sec = elftest.Exec("xdp", insns...)
	sec.Relocs = relocs
	return &elftest.Object{Order: order, Sections: []elftest.Section{sec, elftest.Data(".jumptables", data)},
		Symbols: append([]elftest.Symbol{elftest.Func("p", "xdp", 16, 16+16*uint64(len(tables))), static(elftest.Func("sub", "xdp", 0, 16))}, tables...)}
}

func table(name string, off, size uint64) elftest.Symbol {
	return elftest.Global(name, ".jumptables", off, size)
}

// R128: entries are slots of the linked program, whatever stands before the
// function in its section.
func TestJumpTables(t *testing.T) {
	for _, order := range elftest.Orders() {
		c, err := linkFirst(t, tableObject(order, 8, []uint64{16, 24, 56}, table("b", 8, 16), table("a", 0, 8+8), table("b2", 8, 16)))
		if err == nil {
			t.Fatalf("tables that overlap: %+v", c.JumpTables)
		}
		c, err = linkFirst(t, tableObject(order, 8, []uint64{16, 24, 56}, table("b", 8, 16), table("b2", 8, 16)))
		if err != nil {
			t.Fatal(err)
		}
		if len(c.JumpTables) != 1 {
			t.Fatalf("%+v", c.JumpTables)
		}
		got := c.JumpTables[0]
		if got.Name != "b" || got.Offset != 8 || !slices.Equal(got.Entries, []uint32{1, 5}) || !slices.Equal(got.Refs, []JumpTableRef{{0, 8}, {2, 8}}) {
			t.Errorf("%+v", got)
		}
		insns := c.Patch(nil, func(int) int { return 0 })
		c.SetJumpTable(insns, 0, 77)
		p := insnsView(insns, order)
		for _, slot := range []int{0, 2} {
			if _, src := p.regs(slot); src != 2 || p.imm(slot) != 77 || p.imm(slot+1) != 8 {
				t.Errorf("slot %d: % x", slot, insns[8*slot:8*slot+16])
			}
		}
	}
}

func insnsView(b []byte, order binary.ByteOrder) insns { return insns{b, order} }

func TestJumpTablesRefused(t *testing.T) {
	const at = `section "xdp", symbol "p", offset 0x10: `
	for _, row := range []struct {
		name   string
		addend uint64
		words  []uint64
		table  elftest.Symbol
		want   string
	}{
		{"no size", 0, []uint64{16}, table("jt", 0, 0), `jump table "jt" of 0 bytes at offset 0x0 is not a number of 8-byte words of section ".jumptables" of 8 bytes`},
		{"odd size", 0, []uint64{16}, table("jt", 0, 4), `jump table "jt" of 4 bytes at offset 0x0 is not a number of 8-byte words of section ".jumptables" of 8 bytes`},
		{"odd place", 0, []uint64{16, 16}, table("jt", 4, 8), `jump table "jt" of 8 bytes at offset 0x4 is not a number of 8-byte words of section ".jumptables" of 16 bytes`},
		{"outside", 0, []uint64{16}, table("jt", 0, 16), `jump table "jt" of 16 bytes at offset 0x0 is not a number of 8-byte words of section ".jumptables" of 8 bytes`},
		{"wraps", 0, []uint64{16}, table("jt", 8, ^uint64(7)), `jump table "jt" of 18446744073709551608 bytes at offset 0x8 is not a number of 8-byte words of section ".jumptables" of 8 bytes`},
		{"behind it", 8, []uint64{16}, table("jt", 0, 8), `reference to jump table "jt" leads to offset 0x8, outside of it`},
		{"another function", 0, []uint64{8}, table("jt", 0, 8), `entry 0 of jump table "jt" is 0x8, which is no instruction of the function`},
		{"behind the function", 0, []uint64{16, 48}, table("jt", 0, 16), `entry 1 of jump table "jt" is 0x30, which is no instruction of the function`},
		{"between instructions", 0, []uint64{20}, table("jt", 0, 8), `entry 0 of jump table "jt" is 0x14, which is no instruction of the function`},
	} {
		t.Run(row.name, func(t *testing.T) {
			c, err := linkFirst(t, tableObject(le, row.addend, row.words, row.table))
			if c != nil || err == nil {
				t.Fatalf("got %+v, %v", c, err)
			}
			checkError(t, err, "jump_tables", at+row.want)
		})
	}
}

// A section of no bytes in the file, however large it says it is, holds no table.
func TestJumpTableOfNoBytes(t *testing.T) {
	for _, size := range []uint64{8, 1 << 40} {
		o := tableObject(le, 0, nil, table("jt", 0, size))
		s := o.Section(".jumptables")
		s.Type, s.Data, s.Size = elf.SHT_NOBITS, nil, size
		_, err := linkFirst(t, o)
		checkError(t, err, "jump_tables", fmt.Sprintf(`section "xdp", symbol "p", offset 0x10: jump table "jt" of %d bytes at offset 0x0 is not a number of 8-byte words of section ".jumptables" of 0 bytes`, size))
	}
}
