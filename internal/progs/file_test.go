package progs

import (
	"debug/elf"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bpfload/bpfload/internal/mapdef"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

// readObject makes a File of a sound object; the product's reader is elfload's.
func readObject(t testing.TB, path string) *mapdef.File {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	ef, err := elf.NewFile(strings.NewReader(string(raw)))
	if err != nil {
		t.Fatal(path, err)
	}
	f := &mapdef.File{Order: ef.ByteOrder, Raw: raw, Relocs: make([][]mapdef.Reloc, len(ef.Sections)), Symbols: make([]mapdef.Symbol, 1)}
	for i, s := range ef.Sections {
		sec := mapdef.Section{Index: i, Name: s.Name, Type: s.Type, Flags: s.Flags, Link: s.Link, Info: s.Info, Size: s.Size}
		if s.Type != elf.SHT_NOBITS && s.Type != elf.SHT_NULL {
			sec.Data = raw[s.Offset : s.Offset+s.FileSize]
		}
		f.Sections = append(f.Sections, sec)
	}
	syms, err := ef.Symbols()
	if err != nil {
		t.Fatal(path, err)
	}
	for i, s := range syms {
		f.Symbols = append(f.Symbols, mapdef.Symbol{Index: i + 1, Name: s.Name, Value: s.Value, Size: s.Size,
			Bind: elf.ST_BIND(s.Info), Type: elf.ST_TYPE(s.Info), Vis: elf.ST_VISIBILITY(s.Other), Section: s.Section})
	}
	for i, s := range f.Sections {
		for b := s.Data; s.Type == elf.SHT_REL && len(b) > 0; b = b[16:] {
			info := f.Order.Uint64(b[8:])
			f.Relocs[s.Info] = append(f.Relocs[s.Info], mapdef.Reloc{Offset: f.Order.Uint64(b), Type: uint32(info), Symbol: int(info >> 32), Table: i})
		}
	}
	if s := f.SectionNamed(".BTF"); s != nil {
		if f.BTF, err = rawbtf.Parse(s.Data, f.Order); err != nil {
			t.Fatal(path, err)
		}
	}
	return f
}

// symbolRefs answers as the loader would: every variable of a map section is a
// map, every data section one more. Indices are symbol and section indices.
type symbolRefs struct{ f *mapdef.File }

func isMapSection(name string) bool {
	return name == ".maps" || name == "maps" || strings.HasPrefix(name, "maps/")
}

func (r symbolRefs) MapAt(section int, off uint64) (int, bool) {
	if !isMapSection(r.f.Sections[section].Name) {
		return 0, false
	}
	for i, s := range r.f.Symbols {
		if s.In(section) && s.Value == off && s.Type != elf.STT_SECTION {
			return i, true
		}
	}
	return 0, false
}

func (r symbolRefs) DataMap(section int) (int, bool) {
	name := r.f.Sections[section].Name
	for _, prefix := range []string{".data", ".rodata", ".bss"} {
		if name == prefix || strings.HasPrefix(name, prefix+".") {
			return 1000 + section, true
		}
	}
	return 0, false
}

// TestRealObjects links every program of objects that compilers wrote, ours and
// those of other projects that are installed; known refusals are listed.
func TestRealObjects(t *testing.T) {
	var paths []string
	for _, pattern := range []string{"../../testdata/objs/*.o", "/usr/lib/*/bpf/*.o", "/root/go/pkg/mod/github.com/cilium/ebpf@v0.22.0/testdata/*.elf"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, found...)
	}
	for _, path := range paths {
		t.Run(filepath.Base(path), func(t *testing.T) {
			f := readObject(t, path)
			s, err := Parse(f)
			if err != nil {
				t.Log("parse:", err)
				return
			}
			for _, w := range s.Warnings {
				t.Log("warning:", w.Message)
			}
			for i := range s.Programs {
				p := &s.Programs[i]
				code, err := s.Link(i, symbolRefs{f})
				if err != nil {
					t.Log("link:", p.Name, err)
					continue
				}
				t.Logf("%s %q type %s attach %s %q: %d insns %d parts %d maps %d externs %d core %d funcs %d lines", p.Name, p.Section, TypeName(p.Type), AttachTypeName(p.AttachType), p.AttachTo,
					code.Len(), len(code.Parts), len(code.Maps), len(code.Externs), len(code.Core), len(code.FuncInfo)/8, len(code.LineInfo)/16)
				for _, w := range code.Warnings {
					t.Log("   warning:", w.Message)
				}
			}
		})
	}
}
