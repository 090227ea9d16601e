package legacymaps

import (
	"debug/elf"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bpfload/bpfload/internal/mapdef"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

// fuzzFile builds a File that keeps the promises of its type, whatever the
// bytes: indices in range, data backed, relocations in order.
func fuzzFile(maps, symbols, relocs, btf []byte, name string, big bool) *mapdef.File {
	f := &mapdef.File{Order: binary.LittleEndian, Raw: maps}
	if big {
		f.Order = binary.BigEndian
	}
	exec := elf.SHF_ALLOC | elf.SHF_EXECINSTR
	f.Sections = []mapdef.Section{{},
		{Index: 1, Name: "maps", Type: elf.SHT_PROGBITS, Size: uint64(len(maps)), Data: maps},
		{Index: 2, Name: "maps/" + name, Type: elf.SHT_PROGBITS, Size: uint64(len(maps) / 2), Data: maps[:len(maps)/2]},
		{Index: 3, Name: name, Type: elf.SHT_PROGBITS, Flags: exec, Size: uint64(len(maps)), Data: maps},
		{Index: 4, Name: ".rodata.str1.1", Type: elf.SHT_PROGBITS, Size: uint64(len(symbols)), Data: symbols}}
	f.Symbols = []mapdef.Symbol{{}}
	for i := 0; i+6 <= len(symbols) && i < 6*64; i += 6 {
		s := symbols[i:]
		f.Symbols = append(f.Symbols, mapdef.Symbol{Index: len(f.Symbols), Name: fmt.Sprintf("s%d", s[5]%64), Section: elf.SectionIndex(s[0] % 6),
			Value: uint64(s[1]) * 4, Size: uint64(s[2]) * 4, Bind: elf.SymBind(s[3] % 3), Type: elf.SymType(s[4] % 4), Vis: elf.SymVis(s[3] / 64)})
	}
	f.Relocs = make([][]mapdef.Reloc, len(f.Sections))
	off := [5]uint64{}
	for i := 0; i+4 <= len(relocs) && i < 4*64; i += 4 {
		r := relocs[i:]
		sec := 1 + int(r[0]%3)
		off[sec] += uint64(r[1])
		f.Relocs[sec] = append(f.Relocs[sec], mapdef.Reloc{Offset: off[sec], Type: uint32(r[2] % 5), Symbol: int(r[3]) % len(f.Symbols), HasAddend: r[0] > 128, Addend: int64(int8(r[1]))})
	}
	f.BTF, f.BTFErr = rawbtf.Parse(btf, f.Order)
	if f.BTFErr != nil {
		f.BTF = nil
	}
	return f
}

// checkResult holds what every result promises.
func checkResult(t *testing.T, f *mapdef.File, defs []mapdef.Def) {
	for i := range defs {
		d := &defs[i]
		if d.Name == "" || d.Dialect == "" || d.Evidence == "" || d.Type == 0 || d.Type > maxType {
			t.Errorf("definition %+v", d)
		}
		if d.Offset+d.Size > f.Sections[d.SectionIndex].Size || d.InnerMap < mapdef.NoMap || d.InnerMap >= len(defs) || d.InnerMap == i {
			t.Errorf("definition %d is out of range: %+v", i, d)
		}
		for k, s := range d.Slots {
			if s.Target.Index < 0 || s.Target.Index >= len(defs) || k > 0 && d.Slots[k-1].Index >= s.Index {
				t.Errorf("slots of %d: %+v", i, d.Slots)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	paths, err := filepath.Glob("../testdata/objs/*.o")
	if err != nil || len(paths) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for i, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		e, err := elf.Open(path)
		if err != nil {
			f.Fatal(err)
		}
		var maps, btf []byte
		for _, s := range e.Sections {
			if data, _ := s.Data(); strings.HasPrefix(s.Name, "maps") || strings.Contains(s.Name, "_maps") {
				maps = data
			} else if s.Name == ".BTF" {
				btf = data
			}
		}
		if maps == nil {
			continue // it has no legacy definitions
		}
		n := byte(len(maps) / 8)
		f.Add(maps, []byte{1, 0, n, 1, 1, 0, 1, n, n, 1, 1, 1, 2, 0, n, 1, 1, 2, 4, 0, 8, 0, 3, 3}, []byte{0, 24, 2, 1, 2, 0, 1, 2}, btf, "0x1/2", raw[5] == 2, byte(i))
	}
	f.Fuzz(func(t *testing.T, maps, symbols, relocs, btf []byte, name string, big bool, choice byte) {
		file := fuzzFile(maps, symbols, relocs, btf, name, big)
		all := Dialects()
		opts := Options{Relaxed: choice&64 != 0, Strict: choice&128 != 0, ObjectName: name}
		if n := int(choice & 63); n < len(all) {
			opts.Dialect = all[n].Name
		}
		defs, warns, err := Parse(file, opts)
		if err != nil && (defs != nil || warns != nil) {
			t.Errorf("definitions and error %v", err)
		}
		checkResult(t, file, defs)
		calls, _, terr := TailCalls(file, defs, opts)
		for _, c := range calls {
			if c.Map < 0 || c.Map >= len(defs) || c.Slot >= defs[c.Map].MaxEntries || !file.Sections[c.SectionIndex].Exec() {
				t.Errorf("tail call %+v", c)
			}
		}
		PinStrings(file, defs)
		again, warns2, err2 := Parse(file, opts)
		if a, b := fmt.Sprintf("%+v %+v %v", defs, warns, err), fmt.Sprintf("%+v %+v %v", again, warns2, err2); a != b {
			t.Errorf("two readings differ:\n%s\n%s\n%v", a, b, terr)
		}
	})
}

func FuzzPinTable(f *testing.F) {
	f.Add([]byte("3 foo\n# x\n0x10 bar # y\n"))
	f.Add([]byte("  010 a/b\nbad\n4 c"))
	f.Fuzz(func(t *testing.T, text []byte) {
		table, _ := ParsePinTable(text)
		for n, path := range table {
			if n < reservedPins || path == "" {
				t.Errorf("entry %d %q", n, path)
			}
		}
	})
}
