package legacymaps

import (
	"bytes"
	"debug/elf"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bpfload/bpfload/internal/mapdef"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

// readObject reads as much of an object as this package looks at. It trusts the
// file, which must be one of ours.
func readObject(t *testing.T, path string) *mapdef.File {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	e, err := elf.NewFile(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	f := &mapdef.File{Order: e.ByteOrder, Raw: raw, Relocs: make([][]mapdef.Reloc, len(e.Sections)), Symbols: []mapdef.Symbol{{}}}
	for i, s := range e.Sections {
		sec := mapdef.Section{Index: i, Name: s.Name, Type: s.Type, Flags: s.Flags, Size: s.Size, Align: s.Addralign, Link: s.Link, Info: s.Info}
		if s.Type != elf.SHT_NOBITS && s.Type != elf.SHT_NULL {
			if sec.Data, err = s.Data(); err != nil {
				t.Fatal(err)
			}
		}
		if s.Name == ".BTF" {
			f.BTF, f.BTFErr = rawbtf.Parse(sec.Data, e.ByteOrder)
		}
		if s.Type == elf.SHT_REL {
			for b := sec.Data; len(b) >= 16; b = b[16:] {
				info := e.ByteOrder.Uint64(b[8:])
				f.Relocs[s.Info] = append(f.Relocs[s.Info], mapdef.Reloc{Offset: e.ByteOrder.Uint64(b), Type: uint32(info), Symbol: int(info >> 32), Table: i})
			}
		}
		f.Sections = append(f.Sections, sec)
	}
	symbols, err := e.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range symbols {
		f.Symbols = append(f.Symbols, mapdef.Symbol{Index: i + 1, Name: s.Name, Value: s.Value, Size: s.Size, Section: s.Section,
			Bind: elf.ST_BIND(s.Info), Type: elf.ST_TYPE(s.Info), Vis: elf.ST_VISIBILITY(s.Other)})
	}
	return f
}

// forms are the compiled forms of one fixture: both byte orders, older clang,
// symbols of clang 7.
func forms(t *testing.T, name string) []string {
	t.Helper()
	paths, err := filepath.Glob("../testdata/objs/" + name + ".*o")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no fixture %q (%v)", name, err)
	}
	return paths
}

// TestFixtures reads every legacy fixture. Those named legacy_err_… are refused,
// by this package or (what only code shows) by the reader of programs.
func TestFixtures(t *testing.T) {
	for _, path := range forms(t, "legacy_*") {
		t.Run(filepath.Base(path), func(t *testing.T) {
			f := readObject(t, path)
			opts := Options{ObjectName: path}
			if strings.Contains(path, "legacy_katran") {
				opts.Dialect = dKatran // A5: only the flag helps
			}
			defs, warns, err := Parse(f, opts)
			for i := range defs {
				t.Logf("%+v", defs[i])
			}
			t.Logf("warnings %+v, error %v", warns, err)
			bad := strings.Contains(path, "legacy_err_") && !strings.Contains(path, "_middle.")
			if bad != (err != nil) {
				t.Errorf("error %v", err)
			}
			calls, warns, err := TailCalls(f, defs, Options{})
			t.Logf("tail calls %+v, warnings %+v, error %v", calls, warns, err)
			if err != nil {
				t.Error(err)
			}
		})
	}
}
