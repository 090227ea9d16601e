package btfmaps_test

import (
	"debug/elf"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cilium/ebpf/btf"

	"github.com/bpfload/bpfload/btfmaps"
	"github.com/bpfload/bpfload/internal/kerneltest"
	"github.com/bpfload/bpfload/internal/mapdef"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

// readFile reads as much of an object as this package needs; nil for what is no object.
func readFile(t *testing.T, path string) *mapdef.File {
	t.Helper()
	raw, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	e, err := elf.NewFile(raw)
	if err != nil {
		return nil
	}
	f := &mapdef.File{Order: e.ByteOrder, Relocs: make([][]mapdef.Reloc, len(e.Sections)), Symbols: []mapdef.Symbol{{}}}
	for i, s := range e.Sections {
		sec := mapdef.Section{Index: i, Name: s.Name, Type: s.Type, Flags: s.Flags, Size: s.Size, Align: s.Addralign}
		if s.Type != elf.SHT_NOBITS && s.Type != elf.SHT_NULL {
			sec.Data, _ = s.Data()
		}
		if s.Name == ".BTF" {
			f.BTF, f.BTFErr = rawbtf.Parse(sec.Data, e.ByteOrder)
		}
		f.Sections = append(f.Sections, sec)
	}
	symbols, _ := e.Symbols()
	for i, s := range symbols {
		f.Symbols = append(f.Symbols, mapdef.Symbol{Index: i + 1, Name: s.Name, Value: s.Value, Size: s.Size, Section: s.Section,
			Bind: elf.ST_BIND(s.Info), Type: elf.ST_TYPE(s.Info), Vis: elf.ST_VISIBILITY(s.Other)})
	}
	return f
}

// objects are the project's own fixtures.
func objects(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob("../testdata/objs/*.o")
	if err != nil {
		t.Fatal(err)
	}
	if extra := os.Getenv("BPFLOAD_TEST_OBJS"); extra != "" {
		more, err := filepath.Glob(extra)
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, more...)
	}
	return paths
}

// TestObjects reads every fixture; those that may be refused have names with "err_".
func TestObjects(t *testing.T) {
	for _, path := range objects(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			f := readFile(t, path)
			if f == nil {
				return
			}
			defs, warns, err := btfmaps.Parse(f)
			t.Logf("%d definitions, warnings %v, error %v", len(defs), warns, err)
			if err != nil && !strings.HasPrefix(filepath.Base(path), "err_") {
				t.Errorf("refused: %v", err)
			}
			for i := range defs {
				if defs[i].Name == "" || defs[i].Type == 0 || i > 0 && defs[i].Offset <= defs[i-1].Offset {
					t.Errorf("definition %d is %+v", i, defs[i])
				}
			}
		})
	}
}

// TestKernelTakesBTF gives the kernel the BTF of every fixture of the host's
// byte order, fixed up and mended (R134, D6).
func TestKernelTakesBTF(t *testing.T) {
	kerneltest.Require(t)
	for _, path := range objects(t) {
		f := readFile(t, path)
		if f == nil || f.BTF == nil || f.Order.Uint16([]byte{1, 0}) != nativeOne() {
			continue
		}
		t.Run(filepath.Base(path), func(t *testing.T) {
			raw, notes, err := f.BTF.ForKernel(mapdef.NewVarIndex(f).FixUps())
			var notVar *rawbtf.NotVarError
			if errors.As(err, &notVar) && filepath.Base(path) == "err_kconfig_func.o" {
				return // R35, R107: that is what the fixture is about
			}
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("notes %+v", notes)
			h, err := btf.NewHandleFromRawBTF(raw)
			if err != nil {
				t.Fatalf("the kernel refuses it: %+v", err)
			}
			if err := h.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}
