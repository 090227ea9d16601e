package main

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/bpfload/bpfload/elfload"
)

func TestVersion(t *testing.T) {
	bpfload(t, "version").want(t, 0, []string{"bpfload ", "go1."}, nil)
	if a, b := bpfload(t, "version"), bpfload(t, "--version"); a != b {
		t.Errorf("%q is not %q", a.out, b.out)
	}
}

func TestHelp(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"help"}, {"load", "--help"}, {"help", "plan"}, {"inspect", "--help"}} {
		r := bpfload(t, args...)
		r.want(t, 0, []string{"Usage:", "--json", "--dialect"}, nil)
		for _, d := range elfload.Dialects() {
			if !strings.Contains(r.out, d.Name+" ") || !strings.Contains(r.out, d.Summary) {
				t.Errorf("%v does not tell of dialect %q", args, d.Name)
			}
		}
	}
}

// Flags without an effect are not offered.
func TestFlagsOfEachCommand(t *testing.T) {
	inspect := []string{"dialect", "json", "pin-table", "relaxed"}
	plan := append(slices.Clone(inspect), "attach", "attach-prog", "attach-to", "autoload", "bpffs", "device", "dialect-pins", "inner", "map", "maps-only", "max-memory", "offload", "on-mismatch", "pin", "type", "var")
	both := append(slices.Clone(plan), "btf", "fdstore", "group", "hold", "jobs", "kconfig", "mode", "pin-mode", "progs", "read-only", "token", "verbose")
	load, run := append(slices.Clone(both), "keep-going", "send"), append(slices.Clone(both), "no-new-privs", "user")
	convert := []string{"dialect", "inner", "map", "pin-table", "relaxed"}
	root := newRootCmd(newConsole(&bytes.Buffer{}, &bytes.Buffer{}, os.Getenv))
	for name, want := range map[string][]string{"convert": convert, "": load, "load": load, "run": run, "plan": plan, "diff": append(slices.Clone(plan), "pin-mode"), "inspect": inspect, "version": nil, "man": {"dir"}} {
		cmd := root
		if name != "" {
			cmd, _, _ = root.Find([]string{name})
		}
		var got []string
		for _, f := range flagNames(cmd) {
			if f != "help" && f != "version" {
				got = append(got, f)
			}
		}
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%q has flags %v, want %v", name, got, want)
		}
	}
}

// What newRootFor leaves out nobody misses.
func TestRootForArguments(t *testing.T) {
	object := filepath.Join("..", "..", "testdata", "objs", "order.o")
	for _, tt := range []struct {
		args     []string
		commands int
		flags    bool // of load
	}{
		{[]string{"load", object}, 1, false},
		{[]string{"version"}, 1, false},
		{[]string{object}, 0, true},
		{[]string{object, "--pin", "/x"}, 0, true},
		{nil, len(commands), true},
		{[]string{"--json", object}, len(commands), true},
		{[]string{"man", "load"}, len(commands), true},
		{[]string{"help"}, len(commands), true},
		{[]string{"completion", "bash"}, len(commands), true},
		{[]string{"__complete", "load", ""}, len(commands), true},
		{[]string{"laod"}, len(commands), true},
		{[]string{object, "--help"}, len(commands), true},
		{[]string{object, "-jh"}, len(commands), true},
		{[]string{"load", "--help"}, len(commands), true},
		{[]string{object, "--version"}, len(commands), true},
	} {
		root := newRootFor(newConsole(&bytes.Buffer{}, &bytes.Buffer{}, os.Getenv), tt.args)
		n := 0
		for _, cmd := range root.Commands() {
			if cmd.Name() != "help" && cmd.Name() != "completion" {
				n++
			}
		}
		if n != tt.commands || (root.Flags().Lookup("pin") != nil) != tt.flags {
			t.Errorf("%q: %d commands, not %d; flags of load: %t", tt.args, n, tt.commands, !tt.flags)
		}
	}
	for _, c := range commands {
		if cmd := c.make(newConsole(&bytes.Buffer{}, &bytes.Buffer{}, os.Getenv)); cmd.Name() != c.name {
			t.Errorf("command %q is called %q in the table", cmd.Name(), c.name)
		}
	}
	for _, words := range [][]string{{object, "--version"}, {"--version"}, {"version"}} {
		bpfload(t, words...).want(t, 0, []string{"bpfload "}, nil)
	}
}

// flagNames are in alphabetical order, as help prints them.
func flagNames(cmd *cobra.Command) (names []string) {
	for line := range strings.SplitSeq(cmd.Flags().FlagUsages(), "\n") {
		if _, rest, ok := strings.Cut(line, "--"); ok {
			names = append(names, strings.Fields(rest)[0])
		}
	}
	return names
}

func TestManPages(t *testing.T) {
	bpfload(t, "man").want(t, 0, []string{`.TH "BPFLOAD" "1"`, ".SH DESCRIPTION", "Exit status"}, nil)
	bpfload(t, "man", "plan").want(t, 0, []string{`.TH "BPFLOAD-PLAN" "1"`}, nil)
	dir := filepath.Join(t.TempDir(), "made")
	bpfload(t, "man", "--dir", dir).want(t, 0, nil, nil)
	for _, page := range []string{"bpfload.1", "bpfload-load.1", "bpfload-inspect.1"} {
		if b, err := os.ReadFile(filepath.Join(dir, page)); err != nil || !bytes.Contains(b, []byte(".TH")) {
			t.Errorf("%s: %v", page, err)
		}
	}
}

// A page is what man(7) takes: no line of text is a request, blocks end.
func TestManMarkup(t *testing.T) {
	if got := roff(".dot\n'quote\na-b\\c"); got != "\\&.dot\n\\&'quote\na\\-b\\ec" {
		t.Errorf("%q", got)
	}
	var b bytes.Buffer
	manText(&b, "one\n\ntwo:\n\n    kept\n\n    as is\n\nthree\n  end")
	if want := "one\n.PP\ntwo:\n.PP\n.EX\n    kept\n\n    as is\n\n.EE\nthree\n.EX\n  end\n.EE\n"; b.String() != want {
		t.Errorf("%q", b.String())
	}
	bpfload(t, "man", "load").want(t, 0, []string{".SH OPTIONS", ".TP\n.B \\-\\-json\n", ".SH SEE ALSO\n.BR bpfload (1)"}, nil)
}

func TestCompletion(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		bpfload(t, "completion", shell).want(t, 0, []string{"bpfload"}, nil)
	}
	rows := []struct {
		name string
		args []string
		want []string
	}{
		{"commands", []string{""}, []string{"inspect\t", "load\t", "plan\t", ":0"}},
		{"objects", []string{"plan", ""}, []string{"o\n:8"}},
		{"one object only", []string{"plan", "x.o", ""}, []string{":4"}},
		{"more objects", []string{"inspect", "x.o", ""}, []string{"o\n:8"}},
		{"variables", []string{"load", objects + "globals.o", "--var", "z"}, []string{"zero=\n"}},
		{"map fields", []string{objects + "tailcall.o", "--map", ""}, []string{"prog_array_init.max_entries=\n", "prog_array_init.pin=\n"}},
		{"programs", []string{"plan", objects + "tailcall.o", "--type", ""}, []string{"entry=\n", "tailcall_1=\n"}},
		{"inner", []string{"plan", objects + "array_of_maps.o", "--inner", "o"}, []string{"outer_map=\n"}},
		{"dialects", []string{"plan", "--dialect", ""}, []string{"auto\t", "samples\t"}},
		{"directories", []string{"load", "--pin", ""}, []string{":16"}},
		{"nothing without an object", []string{"load", "--var", ""}, []string{":6"}},
		{"nothing of a broken object", []string{"load", "run_test.go", "--var", ""}, []string{":6"}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			r := bpfload(t, append([]string{cobra.ShellCompRequestCmd}, row.args...)...)
			for _, w := range row.want {
				if !strings.Contains(r.out, w) {
					t.Errorf("no %q in %q", w, r.out)
				}
			}
		})
	}
}

func TestColourNeedsATerminal(t *testing.T) {
	for _, env := range []string{"", "NO_COLOR"} {
		con := newConsole(&bytes.Buffer{}, &bytes.Buffer{}, func(name string) string {
			if name == env {
				return "1"
			}
			return ""
		})
		if con.outColour || con.errColour {
			t.Errorf("colour on a buffer, %q set", env)
		}
	}
}

func TestColourIsTheOnlyDifference(t *testing.T) {
	d := elfload.NewDocument("x.o")
	d.Maps = append(d.Maps, elfload.DocumentMap{Name: "events", Type: "ringbuf", MaxEntries: 4096})
	text := func(colour bool) string {
		var out bytes.Buffer
		con := newConsole(&out, &out, func(string) string { return "" })
		con.outColour = colour
		con.printLoaded(d)
		if err := con.flush(); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	plain, coloured := text(false), text(true)
	for _, sgr := range []string{bold, cyan, dim, "0"} {
		if !strings.Contains(coloured, "\x1b["+sgr+"m") {
			t.Errorf("no SGR %s", sgr)
		}
		coloured = strings.ReplaceAll(coloured, "\x1b["+sgr+"m", "")
	}
	if plain != coloured || strings.Contains(plain, "\x1b") {
		t.Errorf("plain:\n%scoloured, without its colours:\n%s", plain, coloured)
	}
}

func TestLoadedTable(t *testing.T) {
	fd, id, insns := 7, uint32(42), uint32(9)
	d := elfload.NewDocument("x.o")
	d.Maps = append(d.Maps,
		elfload.DocumentMap{Index: 0, Name: "events", Type: "ringbuf", MaxEntries: 4096, Section: ".maps", Dialect: "btf", FD: &fd, ID: &id,
			MapFlags: 4, MapFlagNames: []string{"BPF_F_NUMA_NODE"}, PinPath: "/sys/fs/bpf/events", Reused: true},
		elfload.DocumentMap{Index: 1, Name: "odd\nname", TypeID: 99, KeySize: 4, ValueSize: 128, MaxEntries: 1, Section: "maps", Dialect: "samples"})
	d.Programs = append(d.Programs,
		elfload.DocumentProgram{Name: "prog", Type: "xdp", Section: "xdp", Instructions: 5, FD: &fd, ID: &id, VerifiedInsns: &insns, Maps: []elfload.Text{"events"}},
		elfload.DocumentProgram{Index: 1, Name: "lazy", Section: "?tc", Instructions: 2})
	var out bytes.Buffer
	con := newConsole(&out, &out, os.Getenv)
	con.printLoaded(d)
	if err := con.flush(); err != nil {
		t.Fatal(err)
	}
	want := `map_data
  #  NAME         FD  ID  TYPE     KEY  VALUE  ENTRIES  FLAGS      SECTION  DIALECT  PIN
  0  events        7  42  ringbuf    0      0     4096  numa_node  .maps    btf      /sys/fs/bpf/events (used again)
  1  "odd\nname"   -   -  99         4    128        1  -          maps     samples  -

programs
  #  NAME  FD  ID  TYPE  SECTION  INSTRUCTIONS  VERIFIED  MAPS
  0  prog   7  42  xdp   xdp                 5         9  events
  1  lazy   -   -  -     ?tc                 2         -  -
`
	if out.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", out.String(), want)
	}
}

func TestShorten(t *testing.T) {
	for _, row := range []struct {
		s    string
		n    int
		want string
	}{{"", 3, ""}, {"abc", 3, "abc"}, {"abcd", 3, "ab…"}, {"äöüß", 3, "äö…"}, {"äöü", 3, "äöü"}, {"\xff\xff\xff\xff", 2, "\xff…"}} {
		if got := shorten(row.s, row.n); got != row.want {
			t.Errorf("shorten(%q, %d) = %q, want %q", row.s, row.n, got, row.want)
		}
	}
	if got := nameCell(elfload.Text(strings.Repeat("\x1b", 1<<16))); utf8.RuneCountInString(got) > maxNameCell {
		t.Errorf("a cell of %d characters", utf8.RuneCountInString(got))
	}
}

func TestReadKconfig(t *testing.T) {
	text := []byte("CONFIG_HZ=1000\n")
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	if _, err := z.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"plain": text, "gzip": zipped.Bytes()} {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := readKconfig(path); err != nil || !bytes.Equal(got, text) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	path := filepath.Join(t.TempDir(), "cut")
	if err := os.WriteFile(path, zipped.Bytes()[:zipped.Len()-4], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readKconfig(path); err == nil {
		t.Error("a cut gzip file is read")
	}
}
