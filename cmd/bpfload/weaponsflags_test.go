package main

import (
	"encoding/binary"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/cilium/ebpf"

	"github.com/bpfload/bpfload/check"
	"github.com/bpfload/bpfload/elfload"
	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/kerneltest"
)

// clean fails unless both streams are fit for a terminal, short of what an error
// may say, and the status is not that of a surprise. What is wrong with a name on
// the command line is wrong usage.
func (r result) clean(t *testing.T, args ...string) {
	t.Helper()
	if r.code == exitUsage {
		r.code = exitObject
	}
	if r.out == "" && r.err == "" {
		t.Errorf("%.200q: nothing is said", args)
	}
	r.judge(t, args)
	if slices.Contains(args, "--json") && r.out != "" && !json.Valid([]byte(r.out)) {
		t.Errorf("%.200q: not JSON", args)
	}
}

// armedTypes has a map of that name whose value is a structure of that name with a
// member of that name, of one type or another.
func armedTypes(t *testing.T, name string, size uint32) string {
	t.Helper()
	m := elftest.NewMaps(nil)
	integer := m.Int(name+"int", size, 0)
	value := m.Struct(name, 8, elftest.Member{Name: name, Type: integer})
	m.Map(name, m.Uint("type", 1), m.Uint("key_size", 4), m.Type("value", value), m.Uint("max_entries", 8/size), m.Uint("pinning", 1))
	return weaponFile(t, m.Object())
}

// weaponFile writes an object where the path is a weapon too.
func weaponFile(t *testing.T, o *elftest.Object) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "armed\x1b[1m\n\xff.o")
	if err := os.WriteFile(path, o.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// placeSections begin the names of sections that say where a program is attached.
var placeSections = []string{"tp/", "tp/syscalls/", "raw_tp/", "kprobe/", "uprobe/", "usdt/", "fentry/", "lsm/", "iter/", "ksyscall/", "kprobe.multi/", "freplace/", "tcx/", "struct_ops/", "xdp/"}

// armedPlaces has a program for each, whose place is the name, and one that is
// attached to a network namespace.
func armedPlaces(t *testing.T, name string) string {
	t.Helper()
	plain, _, _ := strings.Cut(name, "\x00")
	order := binary.ByteOrder(binary.LittleEndian)
	o := &elftest.Object{Order: order, Sections: []elftest.Section{elftest.Data("license", []byte("GPL\x00"))}}
	add := func(section, symbol string, ret int32) {
		o.Sections = append(o.Sections, elftest.Exec(section, elftest.Mov(order, elftest.R0, ret), elftest.Exit(order)))
		o.Symbols = append(o.Symbols, elftest.Func(symbol, section, 0, 16))
	}
	for i, s := range placeSections {
		add(s+plain, strconv.Itoa(i)+name, 0)
	}
	add("sk_lookup/"+plain, name, 1)
	return weaponFile(t, o)
}

// names runs a test for each name; what stands behind NUL is in objects only.
func eachWeapon(t *testing.T, f func(t *testing.T, name, plain string)) {
	for i, name := range weaponNames {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			plain, _, _ := strings.Cut(name, "\x00")
			f(t, name, plain)
		})
	}
}

func TestWeaponsCompared(t *testing.T) {
	eachWeapon(t, func(t *testing.T, name, plain string) {
		one, other, third := armedTypes(t, name, 4), armedTypes(t, name, 8), armedFile(t, name)
		for _, pair := range [][]string{{one, one}, {one, other}, {one, third}, {third, other}} {
			for _, flags := range [][]string{nil, {"--json"}, {"--on-mismatch", "migrate"}, {"--on-mismatch", plain + "=migrate"}, {"--json", "--on-mismatch", plain + "=replace"},
				{"--on-mismatch", plain}, {"--pin-mode", plain}} {
				args := slices.Concat([]string{"diff"}, flags, pair)
				bpfload(t, args...).clean(t, args...)
			}
		}
	})
}

// Flags whose value is the name, or begins with it.
func TestWeaponsInFlags(t *testing.T) {
	eachWeapon(t, func(t *testing.T, name, plain string) {
		path := armedPlaces(t, name)
		for _, args := range [][]string{{"plan", "--attach"}, {"plan", "--attach", "--json"}, {"inspect", "--json"},
			{"plan", "--attach-to", plain}, {"plan", "--attach-to", plain + "=netns:self"}, {"plan", "--attach-to", plain + "=netns:" + name, "--pin", "/sys/fs/bpf/x"},
			{"plan", "--attach-to", plain + "=" + name + ":x"}, {"plan", "--json", "--attach-to", "14" + plain + "=xdp:" + name}, {"plan", "--attach-to", "4" + plain + "=uprobe:" + name},
			{"plan", "--attach-to", "3" + plain + "=kprobe:" + name, "--json"}, {"plan", "--attach-prog", name + "=x"}, {"plan", "--attach-prog", plain + "=" + name},
			{"plan", "--on-mismatch", name + "=migrate"}, {"plan", "--on-mismatch", name}, {"plan", "--map", name + ".max_entries=1"}, {"plan", "--map", "x." + name + "=1"},
			{"plan", "--var", name + "=1"}, {"plan", "--type", plain + "=" + name}, {"plan", "--dialect", name}, {"plan", "--max-memory", name},
			{"load", "--user", name}, {"load", "--group", name}, {"load", "--pin-mode", name, "--pin", "/sys/fs/bpf/x"}, {"load", "--token", name},
			{"check", "--format", name}, {"check", "--vary", name + "=1,2"}, {"check", "--expect-fail", name}, {"check", "--expect-fail", plain + "=program:" + name, "--no-kernel"},
			{"check", "--strategy", name}, {"check", "--config", name}, {name}, {"--" + name}, {"help", name}} {
			args := append(slices.Clone(args), path)
			bpfload(t, args...).clean(t, args...)
		}
		for _, flag := range []string{"attach-to", "on-mismatch", "var", "map", "type", "autoload"} {
			r := bpfload(t, "__complete", "load", path, "--"+flag, "")
			if at := raw(strings.ReplaceAll(r.out, "\t", "")); at >= 0 || r.code != 0 {
				t.Errorf("completion of --%s: status %d, %.200q", flag, r.code, r.out)
			}
		}
	})
}

func slurp(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// formatChecks are what readers of a report demand of it.
var formatChecks = map[string]func(text string) error{
	"json": func(s string) error {
		if !json.Valid([]byte(s)) {
			return errors.New("not JSON")
		}
		return nil
	},
	"junit": func(s string) error {
		for d := xml.NewDecoder(strings.NewReader(s)); ; {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return err
			}
		}
	},
	"github": func(s string) error {
		for line := range strings.Lines(s) {
			if !strings.HasPrefix(line, "::error file=") && !strings.HasPrefix(line, "::warning file=") && !strings.HasPrefix(line, "::notice title=bpfload check::") {
				return errors.New("not a command: " + line)
			}
		}
		return nil
	},
	"tap": func(s string) error {
		plan, points := 0, 0
		for line := range strings.Lines(s) {
			if rest, ok := strings.CutPrefix(line, "1.."); ok {
				plan, _ = strconv.Atoi(strings.TrimSpace(rest))
			}
			if strings.HasPrefix(line, "ok ") || strings.HasPrefix(line, "not ok ") {
				points++
			}
		}
		if plan == 0 || plan != points {
			return errors.New(strconv.Itoa(points) + " points, planned are " + strconv.Itoa(plan))
		}
		return nil
	},
	"markdown": markdownCheck,
}

// markdownCheck demands that names make no markup outside of code, which is what
// four blanks indent, and that rows of tables have as many cells as the table.
func markdownCheck(s string) error {
	cells, before := 0, ""
	for line := range strings.Lines(s) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "    ") && (before == "" || strings.HasPrefix(before, "    ")) {
			before = line
			continue
		}
		before = line
		switch {
		case !strings.HasPrefix(line, "| "):
			cells = 0
		case cells == 0:
			cells = strings.Count(line, "|")
		case cells != strings.Count(line, "|"):
			return fmt.Errorf("not %d cells: %.200q", cells-1, line)
		}
		for _, tag := range []string{"<details>", "<summary>", "</summary>", "</details>"} {
			line = strings.ReplaceAll(line, tag, "")
		}
		if at := strings.IndexAny(line, "<>`[]*\\{}~"); at >= 0 {
			return fmt.Errorf("markup: %.200q", line[at:])
		}
	}
	return nil
}

func TestWeaponsInReports(t *testing.T) {
	summary := filepath.Join(t.TempDir(), "summary.md")
	t.Setenv("GITHUB_STEP_SUMMARY", summary)
	eachWeapon(t, func(t *testing.T, name, _ string) {
		for i, path := range []string{armedFile(t, name), armedPlaces(t, name), armedTypes(t, name, 8)} {
			for _, format := range check.Formats() {
				args := []string{"check", "-v", "--format", format, path}
				if len(name) > 1000 {
					args = append(args, "--no-kernel")
				}
				r := bpfload(t, args...)
				if f := formatChecks[format]; f != nil {
					if err := f(r.out); err != nil {
						t.Errorf("%s: %.300v", format, err)
					}
				}
				r.judgeLoad(t, args)
				if i > 0 {
					continue
				}
				written := filepath.Join(t.TempDir(), "report")
				saved := filepath.Join(t.TempDir(), "saved.json")
				args = slices.Concat(args[:len(args):len(args)], []string{"-o", written, "--save", saved, "--no-kernel"})
				bpfload(t, args...).judgeLoad(t, args)
				if f := formatChecks[format]; f != nil {
					if err := f(slurp(t, written)); err != nil {
						t.Errorf("%s, written: %.300v", format, err)
					}
				}
				if text := slurp(t, saved); !json.Valid([]byte(text)) || !utf8.ValidString(text) {
					t.Errorf("saved is no JSON: %.200q", text)
				}
			}
		}
	})
	if text := slurp(t, summary); raw(text) >= 0 || !utf8.ValidString(text) {
		t.Errorf("the summary has %.100q", text[max(raw(text), 0):])
	} else if err := markdownCheck(text); err != nil {
		t.Errorf("the summary: %.300v", err)
	}
	for name := range formatChecks {
		if !slices.Contains(check.Formats(), name) {
			t.Errorf("no format %q", name)
		}
	}
}

// Links are printed, pinned and passed on under the names of their programs, and
// maps that are not compatible under theirs.
func TestWeaponsAttachedAndReplaced(t *testing.T) {
	root := kerneltest.BPFFS(t)
	eachWeapon(t, func(t *testing.T, name, plain string) {
		dir := filepath.Join(root, "w")
		places, one, other := armedPlaces(t, name), armedTypes(t, name, 4), armedTypes(t, name, 8)
		link := plain + "=netns:self"
		for _, args := range [][]string{{"load", "--attach", places}, {"load", "--attach", "--json", places}, {"load", "--attach-to", link, places},
			{"load", "--json", "--attach-to", link, places}, {"load", "--attach-to", link, "--pin", dir, places}, {"load", "--json", "--attach-to", link, "--pin", dir, places},
			{"load", "--attach-to", "14" + plain + "=xdp:" + name, places}, {"load", "--attach-to", plain + "=netns:" + name, places}, {"load", "-v", "--attach-to", link, places},
			{"load", "--pin", dir, one}, {"diff", "--pin", dir, one}, {"diff", "--pin", dir, other}, {"diff", "--json", "--pin", dir, other},
			{"load", "--pin", dir, other}, {"load", "--json", "--pin", dir, other}, {"load", "--on-mismatch", "migrate", "--pin", dir, other},
			{"load", "--on-mismatch", plain + "=replace", "--json", "--pin", dir, one}, {"diff", "--pin", dir, places}} {
			bpfload(t, args...).clean(t, args...)
		}
		for _, at := range tree(t, root) {
			if at != "/w" && !strings.HasPrefix(at, "/w/") || strings.Contains(at, "..") || raw(at) >= 0 || !utf8.ValidString(at) {
				t.Errorf("pinned at %q", at)
			}
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	})
}

// Pins of others with such names are left over, and told of.
func TestWeaponsLeftOver(t *testing.T) {
	root := kerneltest.BPFFS(t)
	m, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.Array, KeySize: 4, ValueSize: 4, MaxEntries: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	dir, pinned := filepath.Join(root, "maps"), 0
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range weaponNames {
		if m2, err := m.Clone(); err != nil {
			t.Fatal(err)
		} else {
			if m2.Pin(filepath.Join(root, "x")) == nil && !strings.ContainsAny(name, "/\x00") && os.Rename(filepath.Join(root, "x"), filepath.Join(dir, name)) == nil {
				pinned++
			}
			_ = os.Remove(filepath.Join(root, "x"))
			m2.Close()
		}
	}
	if pinned < 10 {
		t.Errorf("only %d are pinned", pinned)
	}
	path := armedTypes(t, "x", 4)
	for _, args := range [][]string{{"diff", "--pin", root, path}, {"diff", "--json", "--pin", root, path}} {
		r := bpfload(t, args...)
		r.clean(t, args...)
		if n := strings.Count(r.out, "left over") + strings.Count(r.out, `"left_over"`) + strings.Count(r.out, `"left over"`); n < pinned {
			t.Errorf("%v: %d left over, %d pinned", args, n, pinned)
		}
	}
}

// storedAs runs a service that stores its maps and gives their names; each message
// is as many lines as it should be.
func (m *manager) storedAs(path string) ([]string, string) {
	m.t.Helper()
	m.names, m.fds = nil, nil
	cmd := m.start(m.t.Context(), "load", "--maps-only", "--hold", "--fdstore", path)
	var errs strings.Builder
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case said := <-m.said:
		if !strings.HasPrefix(said, "READY=1\nSTATUS=holding ") || strings.Count(said, "\n") != 1 {
			m.t.Errorf("said %q", said)
		}
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-ended
		m.hears("STOPPING=1")
	case err := <-ended:
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() == exitOther {
			m.t.Errorf("%v: %s", err, errs.String())
		}
	case <-time.After(30 * time.Second):
		m.t.Fatal("it neither ends nor is ready")
	}
	return slices.Clone(m.stored), errs.String()
}

func TestWeaponsStored(t *testing.T) {
	kerneltest.Require(t)
	stored := 0
	for i, name := range weaponNames {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			m := newManager(t)
			defer m.listen()()
			object := elftest.NewMaps(nil)
			object.Map(name, object.Uint("type", 2), object.Uint("key_size", 4), object.Uint("value_size", 8), object.Uint("max_entries", 1))
			names, errs := m.storedAs(weaponFile(t, object.Object()))
			if at := raw(errs); at >= 0 {
				t.Errorf("stderr has %.100q", errs[at:])
			}
			for _, s := range names {
				if s == "" || len(s) > 255 || strings.ContainsAny(s, ":\n") || raw(s) >= 0 || !utf8.ValidString(s) {
					t.Errorf("stored as %q", s)
				}
				stored++
			}
		})
	}
	if stored < 10 {
		t.Errorf("only %d are stored", stored)
	}
}

// Kernels that are none, of such names, alone and in a directory that a pattern
// matches; modules too.
func TestWeaponsAsKernels(t *testing.T) {
	dir := t.TempDir()
	path := armedFile(t, "plain")
	made := 0
	for _, name := range weaponNames {
		if strings.ContainsAny(name, "/\x00") || name == "." || name == ".." {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte("no kernel\x1b[1m"), 0o600); err == nil {
			made++
		}
	}
	if made < 15 {
		t.Errorf("only %d files are made", made)
	}
	summary := filepath.Join(t.TempDir(), "summary.md")
	t.Setenv("GITHUB_STEP_SUMMARY", summary)
	for _, format := range check.Formats() {
		args := []string{"check", "-v", "--format", format, "--kernel", filepath.Join(dir, "*"), path}
		r := bpfload(t, args...)
		r.judgeLoad(t, args)
		if f := formatChecks[format]; f != nil && r.out != "" {
			if err := f(r.out); err != nil {
				t.Errorf("%s: %.300v", format, err)
			}
		}
	}
	if _, err := os.Stat(summary); err == nil { // there is none where there are no virtual machines
		if err := markdownCheck(slurp(t, summary)); err != nil {
			t.Errorf("the summary: %.300v", err)
		}
	}
	eachWeapon(t, func(t *testing.T, _, plain string) {
		for _, args := range [][]string{{"check", "--kernel", plain, path}, {"check", "--kernel", filepath.Join(dir, plain), path},
			{"check", "--kernel", filepath.Join(dir, plain+"*"), "--format", "github", path}, {"check", "--kernel", os.DevNull, "--module", plain, path},
			{"check", "--kernel", os.DevNull, "--kernel-timeout", plain, path}} {
			r := bpfload(t, args...)
			if r.code == exitUsage {
				r.code = exitObject
			}
			r.judgeLoad(t, args)
		}
	})
}

// What a service manager passes has such names, and counts that cannot be.
func TestWeaponsPassed(t *testing.T) {
	kerneltest.Require(t)
	passed := func(t *testing.T, path, count, names string) {
		t.Helper()
		m := &manager{t: t, fds: []*os.File{os.Stdin, os.Stdin}}
		cmd := m.start(t.Context(), "load", path)
		cmd.Env = append(cmd.Env, "LISTEN_FDS="+count, "LISTEN_FDNAMES="+names)
		var out, errs strings.Builder
		cmd.Stdout, cmd.Stderr = &out, &errs
		if err := cmd.Run(); cmd.ProcessState == nil {
			t.Fatal(err)
		}
		r := result{code: cmd.ProcessState.ExitCode(), out: out.String(), err: errs.String()}
		r.clean(t, "load", path, "LISTEN_FDS="+count, "LISTEN_FDNAMES="+names)
	}
	eachWeapon(t, func(t *testing.T, name, plain string) {
		path := armedFile(t, name)
		plain = plain[:min(len(plain), 1000)]
		passed(t, path, "2", plain+":"+plain)
		passed(t, path, plain, plain)
		passed(t, path, "2", elfload.StoreName(name)+":"+elfload.StoreName("l"+name))
	})
	path := armedFile(t, "plain")
	for _, row := range [][2]string{{"-1", ""}, {"1", ":::"}, {"3", "x:y"}, {"4294967297", ""}, {"1048577", ""}, {"1048576", ""}, {"65", ""}, {"1\n", "x"}} {
		passed(t, path, row[0], row[1])
	}
}
