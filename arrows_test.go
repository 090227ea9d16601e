// Package bpfload_test holds the direction of imports: which package may know
// which, and that one package alone makes the system call.
package bpfload_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/bpfload/bpfload/"

// arrow is one package and what it may import: packages of this module by
// directory, and other modules by the beginning of their path. The standard
// library is free to all.
type arrow struct {
	dir    string
	ours   []string
	others []string
}

// arrows lists every package. A new package gets a row here, and with it a thought.
var arrows = [...]arrow{
	{"cmd/bpfload", []string{"check", "elfload", "verifierlog", "internal/stack", "internal/vm"}, []string{"github.com/spf13/", "github.com/jedib0t/go-pretty/", "golang.org/x/sys/unix", "golang.org/x/term", "github.com/cilium/ebpf"}},
	{"bpftest", []string{"check", "elfload", "verifierlog"}, []string{"github.com/cilium/ebpf"}},
	{"check", []string{"elfload", "verifierlog"}, []string{"github.com/cilium/ebpf", "go.yaml.in/yaml/v3"}},
	{"verifierlog", nil, nil},
	{"elfload", []string{"btfmaps", "legacymaps", "staticvalues", "verifierlog", "internal/mapdef", "internal/rawbtf", "internal/progs", "internal/kconfig", "internal/bpfsys", "internal/elffile", "internal/room", "internal/stack"},
		[]string{"github.com/cilium/ebpf", "golang.org/x/sys/unix"}},
	{"btfmaps", []string{"internal/mapdef", "internal/rawbtf"}, nil},
	{"legacymaps", []string{"internal/mapdef", "internal/rawbtf"}, nil},
	{"staticvalues", []string{"internal/mapdef", "internal/rawbtf"}, nil},
	{"internal/elffile", []string{"internal/mapdef", "internal/rawbtf", "internal/room"}, nil},
	{"internal/progs", []string{"internal/mapdef", "internal/rawbtf", "internal/room"}, []string{"github.com/cilium/ebpf"}},
	{"internal/kconfig", []string{"internal/mapdef", "internal/rawbtf"}, nil},
	{"internal/bpfsys", []string{"internal/mapdef", "internal/rawbtf"}, []string{"golang.org/x/sys/unix"}},
	// Package formats and unpackers are the libraries' work.
	{"internal/vm", nil, []string{"golang.org/x/sys/unix", "github.com/ulikunitz/xz", "github.com/klauspost/compress/zstd"}},
	{"internal/mapdef", []string{"internal/rawbtf"}, nil},
	{"internal/rawbtf", nil, nil},
	{"internal/room", nil, nil},
	{"internal/stack", nil, nil},
	// A program of its own, run by make conformance.
	{"conformance", []string{"elfload", "internal/bpfsys", "internal/vm"}, []string{"github.com/cilium/ebpf", "golang.org/x/sys/unix"}},
	// Programs of their own, run by make bench.
	{"bench", []string{"bench/timing", "elfload"}, nil},
	{"bench/own", []string{"bench/timing", "elfload", "internal/bpfsys"}, nil},
	{"bench/cilium", []string{"bench/timing"}, []string{"github.com/cilium/ebpf"}},
	{"bench/timing", nil, []string{"golang.org/x/sys/unix"}},
	// For tests only: nobody above may import these.
	{"internal/elftest", []string{"internal/mapdef", "internal/rawbtf"}, nil},
	{"internal/elftest/oldclang", nil, nil},
	{"internal/vm/vmtest", []string{"internal/vm"}, nil},
	{"internal/vm/vmtest/vmrun", []string{"internal/vm", "internal/vm/vmtest"}, nil},
	{"internal/kerneltest", nil, []string{"github.com/cilium/ebpf", "golang.org/x/sys/unix"}},
}

// source is one non-test Go file.
type source struct {
	dir, path string
	imports   []string
	text      string
}

func sources(t *testing.T) []source {
	t.Helper()
	var all []source
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); path != "." && (name == "testdata" || name[0] == '.' || name[0] == '_') {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, text, parser.ImportsOnly)
		if err != nil {
			return err
		}
		s := source{dir: filepath.ToSlash(filepath.Dir(path)), path: path, text: string(text)}
		for _, spec := range file.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			s.imports = append(s.imports, name)
		}
		all = append(all, s)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatal("no Go files found")
	}
	return all
}

// allowed tells whether a package with that row may import path.
func (a arrow) allowed(path string) bool {
	if dir, ok := strings.CutPrefix(path, module); ok {
		return slices.Contains(a.ours, dir)
	}
	if first, _, _ := strings.Cut(path, "/"); !strings.Contains(first, ".") {
		return true
	}
	return slices.ContainsFunc(a.others, func(prefix string) bool { return strings.HasPrefix(path, prefix) })
}

func TestImportsFollowTheArrows(t *testing.T) {
	rows := make(map[string]arrow, len(arrows))
	for _, a := range arrows {
		rows[a.dir] = a
	}
	for _, s := range sources(t) {
		a, ok := rows[s.dir]
		if !ok {
			t.Errorf("%s: package %s has no row in the list of arrows", s.path, s.dir)
			continue
		}
		for _, path := range s.imports {
			if !a.allowed(path) {
				t.Errorf("%s: %s may not import %s", s.path, s.dir, path)
			}
		}
	}
}

// Purity is an arrow, too: the first stages ask nothing of the host.
func TestPureStagesAskNothingOfTheHost(t *testing.T) {
	pure := []string{"btfmaps", "legacymaps", "staticvalues", "internal/mapdef", "internal/rawbtf", "internal/progs", "internal/kconfig"}
	host := []string{"os", "os/exec", "os/user", "net", "unsafe", "io/ioutil"}
	for _, s := range sources(t) {
		if !slices.Contains(pure, s.dir) {
			continue
		}
		for _, path := range s.imports {
			if slices.Contains(host, path) {
				t.Errorf("%s: pure package imports %s", s.path, path)
			}
		}
	}
}

func TestOnlyBpfsysMakesTheSystemCall(t *testing.T) {
	found := false
	for _, s := range sources(t) {
		if !strings.Contains(s.text, "SYS_BPF") {
			continue
		}
		found = true
		if s.dir != "internal/bpfsys" {
			t.Errorf("%s mentions SYS_BPF; only internal/bpfsys may", s.path)
		}
	}
	if !found {
		t.Error("nothing mentions SYS_BPF: this test looks for the wrong word")
	}
}

func TestArrowRefuses(t *testing.T) {
	a := arrow{"x", []string{"elfload"}, []string{"github.com/spf13/"}}
	for path, want := range map[string]bool{
		"fmt": true, "debug/elf": true, module + "elfload": true, "github.com/spf13/cobra": true,
		module + "btfmaps": false, "golang.org/x/sys/unix": false, "github.com/cilium/ebpf": false,
	} {
		if got := a.allowed(path); got != want {
			t.Errorf("import of %q: allowed is %v", path, got)
		}
	}
}
