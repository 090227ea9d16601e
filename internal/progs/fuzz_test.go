package progs

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"path/filepath"
	"reflect"
	"slices"
	"sort"
	"testing"

	"github.com/cilium/ebpf/btf"

	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/mapdef"
)

// takeFile makes a File of arbitrary bytes with the checks that the reader
// makes: indices are in range and sections backed, nothing else is sound.
func takeFile(order binary.ByteOrder, codes, text, ext, table []byte) *mapdef.File {
	b := elftest.NewBTF(order)
	types := localTypes(b)
	proto := b.FuncProto(0)
	b.Func("p", proto, 1)
	good := b.Ext(elftest.ExtSection{Section: "xdp", Funcs: []elftest.FuncInfo{{Type: proto + 1}}, Lines: []elftest.LineInfo{{File: "f", Text: "t", Line: 1}},
		CORE: []elftest.CORERelo{{Type: types.task, Access: "0:1", Kind: 0}}}, elftest.ExtSection{Section: ".text", Funcs: []elftest.FuncInfo{{Type: proto + 1}}})
	for i, c := range ext { // a sound section with changed bytes
		if i < len(good.Data) {
			good.Data[i] ^= c
		}
	}
	o := elftest.Object{Order: order, Sections: []elftest.Section{elftest.Exec("xdp", codes), elftest.Exec(".text", text), elftest.Data("maps", make([]byte, 32)),
		elftest.Data(".data", make([]byte, 12)), b.Section(), good}}
	f := o.File()
	f.Symbols = make([]mapdef.Symbol, 1)
	types4 := []elf.SymType{elf.STT_FUNC, elf.STT_NOTYPE, elf.STT_SECTION, elf.STT_OBJECT}
	sections := []elf.SectionIndex{0, 1, 2, 3, 4, elf.SHN_COMMON, elf.SHN_ABS}
	for ; len(table) >= 6 && len(f.Symbols) < 16; table = table[6:] {
		f.Symbols = append(f.Symbols, mapdef.Symbol{Index: len(f.Symbols), Name: string(rune('a' + table[0]%26)), Type: types4[table[1]%4],
			Bind: elf.SymBind(table[2] % 3), Section: sections[table[3]%7], Value: uint64(int64(int8(table[4]))), Size: uint64(table[5])})
	}
	for ; len(table) >= 4; table = table[4:] {
		to := int(table[0]%2) + 1
		f.Relocs[to] = append(f.Relocs[to], mapdef.Reloc{Offset: uint64(table[1]), Type: uint32(table[2] % 12), Symbol: int(table[3]) % len(f.Symbols)})
	}
	for i := range f.Relocs {
		sort.SliceStable(f.Relocs[i], func(a, b int) bool { return f.Relocs[i][a].Offset < f.Relocs[i][b].Offset })
	}
	return f
}

// FuzzParseLink: no panic; code or an error, never both or neither; two runs agree.
func FuzzParseLink(f *testing.F) {
	call := slices.Concat(elftest.Call(le, 1, -1), elftest.LdImm64(le, 1, 0, 0), elftest.Exit(le))
	table := []byte{0, 0, 1, 1, 0, 32, 1, 0, 1, 2, 0, 16, 2, 2, 0, 3, 0, 0, 3, 3, 1, 4, 4, 4}
	for len(table) < 15*6 {
		table = append(table, 0, 0, 0, 0, 0, 0)
	}
	f.Add(false, call, code(le, 4), []byte{}, append(table, 0, 0, 10, 2, 0, 8, 1, 3))
	f.Add(true, call, code(le, 2), []byte{0, 0, 0, 0, 1}, []byte{})
	f.Add(false, code(le, 5), call, []byte(nil), []byte{0, 1, 1, 1, 8, 0})
	paths, err := filepath.Glob("../../testdata/objs/*.o")
	if err != nil || len(paths) == 0 {
		f.Fatalf("no fixtures: %v", err)
	}
	for _, path := range paths {
		file, err := elf.Open(path)
		if err != nil {
			continue // one that is broken on purpose
		}
		var code [2][]byte // a section of programs, .text
		for _, s := range file.Sections {
			if data, err := s.Data(); err == nil && s.Flags&elf.SHF_EXECINSTR != 0 && len(data) < 4096 {
				if s.Name == ".text" {
					code[1] = data
				} else {
					code[0] = data
				}
			}
		}
		f.Add(file.ByteOrder == binary.BigEndian, code[0], code[1], []byte{}, append(table, 0, 0, 10, 2))
		file.Close()
	}
	f.Fuzz(func(t *testing.T, big bool, codes, text, ext, table []byte) {
		order := orders[0]
		if big {
			order = orders[1]
		}
		file := takeFile(order, codes, text, ext, table)
		first, err := Parse(file)
		again, err2 := Parse(file)
		if (first == nil) != (err != nil) || !reflect.DeepEqual(err, err2) {
			t.Fatalf("%v, %v, %v", first, err, err2)
		}
		if err != nil {
			return
		}
		if !reflect.DeepEqual(first.Programs, again.Programs) || !reflect.DeepEqual(first.Warnings, again.Warnings) {
			t.Fatal("two runs differ")
		}
		for i := range first.Programs {
			fuzzLink(t, first, again, i, file, kernelSpec(t, order))
		}
	})
}

func fuzzLink(t *testing.T, first, again *Set, i int, file *mapdef.File, targets []*btf.Spec) {
	c, err := first.Link(i, fakeRefs{file})
	c2, err2 := again.Link(i, fakeRefs{file})
	if (c == nil) != (err != nil) || !reflect.DeepEqual(err, err2) || !reflect.DeepEqual(c, c2) {
		t.Fatalf("two runs differ: %v, %v", err, err2)
	}
	if err != nil {
		return
	}
	out := c.Patch(nil, func(i int) int { return i - 1 })
	for insn := -1; insn <= c.Len(); insn++ {
		c.Line(insn)
		if _, _, ok := c.Part(insn); ok != (insn >= 0 && insn < c.Len()) {
			t.Fatalf("instruction %d of %d is in a part: %v", insn, c.Len(), ok)
		}
	}
	r, err := first.NewRelocator()
	if err != nil {
		return
	}
	out2 := bytes.Clone(out)
	failures, err := r.Relocate(c, out, targets)
	failures2, err2 := r.Relocate(c, out2, targets)
	if (err != nil) != (err2 != nil) || !reflect.DeepEqual(failures, failures2) || !bytes.Equal(out, out2) {
		t.Fatal("two relocations differ")
	}
}

// manyFunctions is an object with n programs that each call the same n
// subprograms and refer to a map.
func manyFunctions(n int) *mapdef.File {
	var o elftest.Object
	var text, xdp []byte
	textSec, xdpSec := elftest.Exec(".text"), elftest.Exec("xdp")
	o.Symbols = append(o.Symbols, elftest.Global("m0", "maps", 0, 16))
	for i := range n {
		name := "sub" + string(rune('A'+i%26)) + string(rune('a'+i/26))
		o.Symbols = append(o.Symbols, elftest.Func(name, ".text", uint64(len(text)), 10*8), elftest.Func("p"+name, "xdp", uint64(len(xdp)), uint64(n+3)*8))
		text = append(text, code(le, 10)...)
		for j := range n {
			xdpSec.Relocs = append(xdpSec.Relocs, elftest.Reloc{Offset: uint64(len(xdp)), Type: mapdef.R_BPF_64_32, Sym: 2 + 2*j})
			xdp = append(xdp, elftest.Call(le, 1, -1)...)
		}
		xdpSec.Relocs = append(xdpSec.Relocs, elftest.Reloc{Offset: uint64(len(xdp)), Type: mapdef.R_BPF_64_64, Sym: 1})
		xdp = append(append(xdp, elftest.LdImm64(le, 1, 0, 0)...), elftest.Exit(le)...)
	}
	textSec.Data, xdpSec.Data = text, xdp
	o.Sections = []elftest.Section{textSec, xdpSec, elftest.Data("maps", make([]byte, 32))}
	return o.File()
}

func BenchmarkParse(b *testing.B) {
	f := manyFunctions(50)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(f); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLink(b *testing.B) {
	f := manyFunctions(50)
	s, err := Parse(f)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		for i := range s.Programs {
			if _, err := s.Link(i, fakeRefs{f}); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkRelocate(b *testing.B) {
	f := readObject(b, "../../testdata/objs/core.o")
	s, err := Parse(f)
	if err != nil {
		b.Fatal(err)
	}
	c, err := s.Link(0, symbolRefs{f})
	if err != nil {
		b.Fatal(err)
	}
	spec, err := btf.LoadSpecFromReader(bytes.NewReader(f.BTF.Raw()))
	if err != nil {
		b.Fatal(err)
	}
	r, err := s.NewRelocator()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Relocate(c, bytes.Clone(c.Insns), []*btf.Spec{spec}); err != nil {
			b.Fatal(err)
		}
	}
}
