package elftest_test

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"testing"

	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/mapdef"
)

// sample has every kind of section, symbol and relocation that the builder knows.
func sample(order binary.ByteOrder) *elftest.Object {
	code := elftest.Exec("xdp", elftest.LdImm64(order, elftest.R1, 0, 0x1122334455667788), elftest.Mov(order, elftest.R0, 2),
		elftest.Exit(order))
	code.Relocs = []elftest.Reloc{{Offset: 0, Type: mapdef.R_BPF_64_64, Symbol: "m"}}
	data := elftest.Data(".data", make([]byte, 16))
	data.Rela = true
	data.Relocs = []elftest.Reloc{
		{Offset: 8, Type: mapdef.R_BPF_64_ABS64, Symbol: "xdp", Addend: -8},
		{Offset: 0, Type: mapdef.R_BPF_64_ABS64, Sym: 2},
	}
	bss := elftest.Section{Name: ".bss", Type: elf.SHT_NOBITS, Flags: elf.SHF_ALLOC | elf.SHF_WRITE, Size: 40, Align: 4}
	return &elftest.Object{Order: order,
		Sections: []elftest.Section{code, data, bss, {Name: "empty"}},
		Symbols: []elftest.Symbol{
			elftest.Global("m", ".data", 8, 8),
			elftest.Local("static_one", ".bss", 0, 4),
			elftest.Func("prog", "xdp", 0, 32),
			elftest.SectionSymbol("xdp"),
			{Name: "undefined", Bind: elf.STB_WEAK, Vis: elf.STV_HIDDEN},
			{Name: "absolute", Index: elf.SHN_ABS, Value: 7, Bind: elf.STB_GLOBAL},
		}}
}

func open(t *testing.T, raw []byte) *elf.File {
	t.Helper()
	f, err := elf.NewFile(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestBytesIsWhatDebugELFReads(t *testing.T) {
	for _, order := range elftest.Orders() {
		t.Run(order.String(), func(t *testing.T) {
			o := sample(order)
			want, got := o.File(), open(t, o.Bytes())
			if got.ByteOrder != order || got.Type != elf.ET_REL || got.Machine != elf.EM_BPF {
				t.Errorf("header is %v %v %v", got.ByteOrder, got.Type, got.Machine)
			}
			if len(got.Sections) != len(want.Sections) {
				t.Fatalf("%d sections, File has %d", len(got.Sections), len(want.Sections))
			}
			for i, s := range got.Sections {
				w := want.Sections[i]
				if w.Index != i || s.Name != w.Name || s.Type != w.Type || s.Flags != w.Flags || s.Size != w.Size ||
					s.Link != w.Link || s.Info != w.Info || s.Addralign != w.Align {
					t.Errorf("section %d is %+v, File has %+v", i, s.SectionHeader, w)
				}
				if s.Type == elf.SHT_NOBITS || s.Type == elf.SHT_NULL {
					continue
				}
				if data, err := s.Data(); err != nil || !bytes.Equal(data, w.Data) {
					t.Errorf("section %q holds %x (%v), File has %x", s.Name, data, err, w.Data)
				}
			}
			symbols, err := got.Symbols()
			if err != nil || len(symbols) != len(want.Symbols)-1 {
				t.Fatalf("%d symbols (%v), File has %d", len(symbols), err, len(want.Symbols))
			}
			for i, s := range symbols {
				w := want.Symbols[i+1]
				if w.Index != i+1 || s.Name != w.Name || s.Value != w.Value || s.Size != w.Size || s.Section != w.Section ||
					elf.ST_BIND(s.Info) != w.Bind || elf.ST_TYPE(s.Info) != w.Type || elf.ST_VISIBILITY(s.Other) != w.Vis {
					t.Errorf("symbol %d is %+v, File has %+v", i+1, s, w)
				}
			}
		})
	}
}

func TestRelocations(t *testing.T) {
	for _, order := range elftest.Orders() {
		f := sample(order).File()
		name := func(r mapdef.Reloc) string { return f.Symbols[r.Symbol].Name }
		code, data := f.Relocs[1], f.Relocs[2]
		if len(code) != 1 || name(code[0]) != "m" || code[0].HasAddend || f.Sections[code[0].Table].Name != ".relxdp" {
			t.Errorf("%v: relocations of code are %+v", order, code)
		}
		if len(data) != 2 || name(data[0]) != "static_one" || data[0].Offset != 0 {
			t.Errorf("%v: relocations of data are %+v", order, data)
		}
		if s := f.Symbols[data[1].Symbol]; s.Type != elf.STT_SECTION || !data[1].HasAddend || data[1].Addend != -8 {
			t.Errorf("%v: section symbol is %+v, relocation %+v", order, s, data[1])
		}
		raw := f.Sections[data[0].Table].Data // as given: the one at 8 first
		if off := order.Uint64(raw); off != 8 {
			t.Errorf("%v: first relocation in the file is at %d", order, off)
		}
		if info := order.Uint64(raw[8:]); info != uint64(data[1].Symbol)<<32|mapdef.R_BPF_64_ABS64 {
			t.Errorf("%v: r_info is %#x", order, info)
		}
	}
}

func TestSymbolOrder(t *testing.T) {
	o := sample(binary.LittleEndian)
	f := o.File()
	if f.Symbols[1].Name != "static_one" || f.Symbols[3].Name != "m" {
		t.Errorf("symbols are %+v", f.Symbols)
	}
	if symtab := f.SectionNamed(".symtab"); symtab.Info != 3 {
		t.Errorf("first global symbol is %d", symtab.Info)
	}
	o.Unsorted = true
	if f := o.File(); f.Symbols[1].Name != "m" || f.Symbols[f.Relocs[1][0].Symbol].Name != "m" {
		t.Errorf("unsorted symbols are %+v", f.Symbols)
	}
	o = &elftest.Object{NoSymtab: true, Machine: elftest.MachineNone, Type: elf.ET_EXEC}
	if f := o.File(); len(f.Symbols) != 0 || f.SectionNamed(".symtab") != nil {
		t.Errorf("symbols in spite of NoSymtab: %+v", f.Symbols)
	}
	if e := open(t, o.Bytes()); e.Machine != elf.EM_NONE || e.Type != elf.ET_EXEC {
		t.Errorf("header is %v %v", e.Machine, e.Type)
	}
}
