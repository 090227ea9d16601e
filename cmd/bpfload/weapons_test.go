package main

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/kerneltest"
)

// weaponNames are names that do harm where they are believed. NUL ends a name in
// an ELF file, so what stands behind it must not count.
var weaponNames = []string{"/", "..", ".", "../../up", "/etc/passwd", "a/b", "new\nline", "cr\rover", "\x1b[2J\x1b[31mred", "\x07bell",
	"nul\x00behind", "\xff\xfe\x80", "\u202eevil", "\u009b1m", "two words", "a:b", "%41%", `back\slash`, `"quoted"`, "=", "a=b", "-flag", "--json",
	"$(id)", "{{.}}", "<script>", "]]>", "::error::", strings.Repeat("long", 1<<14)}

// armed is an object in which everything that has a name is called so: a map of
// each kind of definition, a program, its section, data sections, a variable.
func armed(name string) []byte {
	order := binary.ByteOrder(binary.LittleEndian)
	m := elftest.NewMaps(order)
	m.Map(name, m.Uint("type", 2), m.Uint("key_size", 4), m.Uint("value_size", 8), m.Uint("max_entries", 1), m.Uint("pinning", 1))
	plain, _, _ := strings.Cut(name, "\x00")
	legacy := elftest.Legacy(order, "maps/"+plain, elftest.LegacyMap{Name: "l" + name, Words: []uint32{2, 4, 4, 1, 0}})
	m.Sections = append(legacy.Sections, elftest.Exec("xdp/"+plain, elftest.Mov(order, elftest.R0, 2), elftest.Exit(order)),
		elftest.Data(".data."+plain, []byte{1, 2, 3, 4}), elftest.Data("license", []byte("GPL "+name+"\x00")))
	m.Sections[len(m.Sections)-2].Flags = elf.SHF_ALLOC | elf.SHF_WRITE
	prog := elftest.Func("p"+name, "xdp/"+plain, 0, 16)
	m.Symbols = append(legacy.Symbols, prog, elftest.Global("v"+name, ".data."+plain, 0, 4))
	return m.Object().Bytes()
}

func armedFile(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "armed.o")
	if err := os.WriteFile(path, armed(name), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// judge fails unless both streams are fit for a terminal and the status is one
// of an object that is taken or refused.
func (r result) judge(t *testing.T, args []string) {
	t.Helper()
	for stream, s := range map[string]string{"stdout": r.out, "stderr": r.err} {
		if at := raw(s); at >= 0 || !utf8.ValidString(s) {
			t.Errorf("%v: %s has %q", args, stream, s[max(at, 0):min(max(at, 0)+60, len(s))])
		}
	}
	if r.code == exitOther || r.code == exitUsage && !strings.Contains(r.err, "pinned") {
		t.Errorf("%v: status %d: %.300s", args, r.code, r.err)
	}
	if len(r.err) > 64<<10 {
		t.Errorf("%v: %d bytes on stderr", args, len(r.err))
	}
}

func TestWeaponsWithoutKernel(t *testing.T) {
	for i, name := range weaponNames {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			path := armedFile(t, name)
			for _, args := range [][]string{{"inspect"}, {"inspect", "--json"}, {"plan"}, {"plan", "--json"}, {"plan", "--dialect-pins"},
				{"plan", "--pin", "/sys/fs/bpf/x"}, {"plan", "--maps-only", "--json"}, {"convert"}} {
				r := bpfload(t, append(slices.Clone(args), path)...)
				if args[0] == "convert" {
					r.out = strings.ReplaceAll(r.out, "\t", " ") // C is indented
				}
				r.judge(t, args)
				if slices.Contains(args, "--json") && !json.Valid([]byte(r.out)) {
					t.Errorf("%v: not JSON", args)
				}
			}
		})
	}
}

func TestWeaponsWithKernel(t *testing.T) {
	root := kerneltest.BPFFS(t)
	for i, name := range weaponNames {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			path, dir := armedFile(t, name), filepath.Join(root, strconv.Itoa(i))
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			for _, args := range [][]string{{"load"}, {"load", "--json"}, {"load", "-v"}, {"load", "--pin", filepath.Join(dir, "pins")},
				{"load", "--json", "--maps-only", "--pin", filepath.Join(dir, "pins")}, {"check"}} {
				if args[0] != "check" {
					args = append(args, "--bpffs", dir)
				}
				bpfload(t, append(slices.Clone(args), path)...).judgeLoad(t, args)
			}
			for _, at := range tree(t, root) {
				if !strings.HasPrefix(at, "/"+strconv.Itoa(i)) || strings.Contains(at, "..") || raw(at) >= 0 || !utf8.ValidString(at) {
					t.Errorf("pinned at %q", at)
				}
			}
			for _, at := range tree(t, dir) {
				if err := os.RemoveAll(filepath.Join(dir, at)); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.Remove(dir); err != nil {
				t.Error(err)
			}
		})
	}
}

func (r result) judgeLoad(t *testing.T, args []string) {
	t.Helper()
	if args[0] == "check" && r.code == 1 {
		r.code = exitKernel // its own meaning
	}
	r.judge(t, args)
}

// A name that would break LISTEN_FDNAMES is escaped: as many names as
// descriptors, whatever they are.
func TestWeaponsHandedOver(t *testing.T) {
	kerneltest.Require(t)
	root := kerneltest.BPFFS(t)
	for i, name := range weaponNames {
		if len(name) > 1000 {
			continue // in the memfd; the environment holds the names only
		}
		cmd := process(t, "run", "--maps-only", "--map", "nothing.pin=none", "--bpffs", root, armedFile(t, name), "--", "/usr/bin/env", "-0")
		cmd.Args = slices.DeleteFunc(cmd.Args, func(a string) bool { return a == "--map" || a == "nothing.pin=none" })
		out, err := cmd.Output()
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			if exit.ExitCode() == exitOther || bytes.ContainsRune(exit.Stderr, 0x1b) {
				t.Errorf("%d: status %d, %.200q", i, exit.ExitCode(), exit.Stderr)
			}
			continue
		} else if err != nil {
			t.Fatal(err)
		}
		env := map[string]string{}
		for v := range strings.SplitSeq(string(out), "\x00") {
			k, val, _ := strings.Cut(v, "=")
			env[k] = val
		}
		n, err := strconv.Atoi(env["LISTEN_FDS"])
		if names := env["LISTEN_FDNAMES"]; err != nil || len(strings.Split(names, ":")) != n || raw(names) >= 0 || !json.Valid([]byte(env["BPFLOAD_MAP_DATA"])) {
			t.Errorf("%d: %d descriptors, names %q", i, n, names)
		}
	}
}

// Two maps of one name, in maps and .maps, are one too many.
func TestSameNameInTwoSections(t *testing.T) {
	m := elftest.NewMaps(nil)
	m.Map("twin", m.Uint("type", 2), m.Uint("key_size", 4), m.Uint("value_size", 8), m.Uint("max_entries", 1))
	legacy := elftest.Legacy(nil, "maps", elftest.LegacyMap{Name: "twin", Words: []uint32{2, 4, 4, 1, 0}})
	m.Sections, m.Symbols = legacy.Sections, legacy.Symbols
	path := filepath.Join(t.TempDir(), "twin.o")
	if err := os.WriteFile(path, m.Object().Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"inspect", "plan", "load"} {
		bpfload(t, command, path).want(t, exitObject, nil, []string{`"twin"`})
	}
}
