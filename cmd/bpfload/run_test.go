package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/bpfload/bpfload/elfload"
	"github.com/bpfload/bpfload/internal/elftest"
)

const objects = "../../testdata/objs/"

// result is what one run of the command left.
type result struct {
	code     int
	out, err string
}

func bpfload(t *testing.T, args ...string) result {
	t.Helper()
	var out, err bytes.Buffer
	code := run(t.Context(), args, &out, &err)
	return result{code, out.String(), err.String()}
}

// want fails unless the run ended with that status and both streams have the
// parts; an empty list means an empty stream.
func (r result) want(t *testing.T, code int, out, err []string) {
	t.Helper()
	if r.code != code {
		t.Errorf("status %d, want %d", r.code, code)
	}
	for _, stream := range []struct {
		name, text string
		parts      []string
	}{{"stdout", r.out, out}, {"stderr", r.err, err}} {
		if len(stream.parts) == 0 && stream.text != "" {
			t.Errorf("%s is not empty", stream.name)
		}
		for _, p := range stream.parts {
			if !strings.Contains(stream.text, p) {
				t.Errorf("%s has no %q", stream.name, p)
			}
		}
	}
	if t.Failed() {
		t.Logf("stdout:\n%s\nstderr:\n%s", r.out, r.err)
	}
}

func TestWrongUsage(t *testing.T) {
	vars := objects + "vars.o"
	dir := t.TempDir()
	rows := []struct {
		name string
		args []string
		err  []string
	}{
		{"nothing", nil, []string{"error: no object file given\n", "hint: bpfload --help"}},
		{"no object", []string{"load"}, []string{"no object file given", "hint: bpfload load --help"}},
		{"no object to inspect", []string{"inspect"}, []string{"no object file given", "hint: bpfload inspect --help"}},
		{"two objects", []string{"load", vars, vars}, []string{"one object file", "not 2"}},
		{"unknown word", []string{"frobnicate"}, []string{`"frobnicate" is neither a command nor a file`}},
		{"misspelt command", []string{"insepct"}, []string{`did you mean "inspect"?`}},
		{"no such file", []string{"nosuch.o"}, []string{"nosuch.o: no such file"}},
		{"no such file to load", []string{"load", "nosuch"}, []string{"nosuch: no such file"}},
		{"no such file to plan", []string{"plan", "nosuch"}, []string{"nosuch: no such file"}},
		{"no such file to inspect", []string{"inspect", "nosuch"}, []string{"nosuch: no such file"}},
		{"a directory", []string{"inspect", dir}, []string{"directory"}},
		{"unknown flag", []string{"plan", "--nosuch", vars}, []string{"--nosuch", "hint: bpfload plan --help"}},
		{"flag of another command", []string{"plan", "--hold", vars}, []string{"--hold"}},
		{"flag without a value", []string{"plan", vars, "--var"}, []string{"--var"}},
		{"var without a value", []string{"plan", "--var", "tiny", vars}, []string{`--var "tiny" is not of the form NAME=VALUE`}},
		{"var without a name", []string{"plan", "--var", "=1", vars}, []string{`--var "=1"`}},
		{"map without a field", []string{"plan", "--map", "max_entries=1", vars}, []string{"NAME.FIELD=VALUE"}},
		{"map without a name", []string{"plan", "--map", ".max_entries=1", vars}, []string{"NAME.FIELD=VALUE"}},
		{"map with an empty field", []string{"plan", "--map", "m.=1", vars}, []string{"NAME.FIELD=VALUE"}},
		{"type", []string{"plan", "--type", "xdp", vars}, []string{"PROG=TYPE"}},
		{"inner", []string{"plan", "--inner", "outer", vars}, []string{"OUTER=INNER"}},
		{"unknown var", []string{"plan", "--var", "nosuch=1", vars}, []string{`"nosuch": no global variable`, "\nhint: it has "}},
		{"unknown map", []string{"plan", "--map", "nosuch.max_entries=1", objects + "order.o"}, []string{"no map has this name"}},
		{"unknown program", []string{"plan", "--autoload", "nosuch", vars}, []string{"no program has this name"}},
		{"unknown dialect", []string{"plan", "--dialect", "nosuch", objects + "legacy_s20.o"}, []string{"nosuch", "hint: ", "samples"}},
		{"jobs", []string{"load", "--jobs", "-1", vars}, []string{"--jobs"}},
		{"btf", []string{"load", "--btf", "run_test.go", vars}, []string{"--btf", "hint: "}},
		{"kconfig", []string{"load", "--kconfig", "nosuch", vars}, []string{"--kconfig", "no such file"}},
		{"version takes nothing", []string{"version", "x"}, []string{`"x"`}},
		{"man of nothing", []string{"man", "nosuch"}, []string{`"nosuch"`}},
		{"man of two", []string{"man", "load", "plan"}, []string{"one command"}},
		{"help on nothing", []string{"help", "nosuch"}, []string{`no command "nosuch"`}},
		{"completion of an unknown shell", []string{"completion", "nosuch"}, []string{"nosuch"}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			bpfload(t, row.args...).want(t, exitUsage, nil, row.err)
		})
	}
}

func TestExitCode(t *testing.T) {
	stage := func(s elfload.Stage, kind error) error {
		return &elfload.Error{Stage: s, Kind: kind, Err: errors.New("x")}
	}
	rows := []struct {
		name string
		err  error
		code int
	}{
		{"done", nil, 0},
		{"foreign", errors.New("x"), 1},
		{"cancelled", &elfload.Error{Stage: elfload.StageMap, Kind: context.Canceled, Err: context.Canceled}, 1},
		{"usage", &usageError{err: errors.New("x")}, 2},
		{"usage inside", &failure{err: &usageError{err: errors.New("x")}}, 2},
		{"usage of elfload", stage(elfload.StagePlan, elfload.ErrUsage), 2},
		{"read", stage(elfload.StageRead, nil), 3},
		{"plan", stage(elfload.StagePlan, nil), 3},
		{"bad object", stage(elfload.StageMap, elfload.ErrBadObject), 3},
		{"privilege", stage(elfload.StageMap, elfload.ErrPrivilege), 4},
		{"pin without privilege", stage(elfload.StagePin, elfload.ErrPrivilege), 4},
		{"feature", stage(elfload.StageMap, elfload.ErrNotSupported), 5},
		{"refused map", &elfload.Error{Stage: elfload.StageMap, Kind: errors.New("other"), Errno: 22}, 5},
		{"verifier", stage(elfload.StageProgram, elfload.ErrVerifier), 6},
		{"pin", stage(elfload.StagePin, elfload.ErrIncompatiblePin), 7},
		{"not on bpffs", stage(elfload.StagePin, elfload.ErrUsage), 2},
		{"the outer kind counts", &elfload.Error{Kind: elfload.ErrVerifier, Err: stage(elfload.StagePlan, elfload.ErrUsage)}, 6},
		{"a failed clean-up changes nothing", errors.Join(stage(elfload.StageProgram, elfload.ErrVerifier), stage(elfload.StagePin, elfload.ErrPrivilege)), 6},
		{"wrapped", fmt.Errorf("x: %w", &failure{err: stage(elfload.StagePin, elfload.ErrIncompatiblePin)}), 7},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if got := exitCode(row.err); got != row.code {
				t.Errorf("%v has status %d, want %d", row.err, got, row.code)
			}
		})
	}
}

func TestBadObjectTellsWhatWhereAndWhy(t *testing.T) {
	for _, args := range [][]string{{}, {"load"}, {"plan"}, {"inspect"}} {
		t.Run(strings.Join(args, ""), func(t *testing.T) {
			r := bpfload(t, append(args, objects+"err_member.o")...)
			r.want(t, exitObject, nil, []string{"error: " + objects + "err_member.o: section \".maps\", symbol \"cells\", offset 0x0: ", `"max_entires"`})
			if n := strings.Count(r.err, "\n"); n > 2 {
				t.Errorf("%d lines on stderr", n)
			}
		})
	}
}

func TestHintStandsOnItsOwnLine(t *testing.T) {
	bpfload(t, "plan", objects+"prog_untyped.o").want(t, exitObject, nil, []string{"\nhint: name the type with --type "})
}

// document decodes stdout, which holds one document and nothing else.
func (r result) document(t *testing.T) *elfload.Document {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(r.out))
	d := new(elfload.Document)
	if err := dec.Decode(d); err != nil {
		t.Fatalf("%v in %q", err, r.out)
	}
	if _, err := dec.Token(); err != io.EOF {
		t.Errorf("something stands after the document: %v", err)
	}
	return d
}

func TestJSONErrorGoesToBothStreams(t *testing.T) {
	for _, args := range [][]string{{"load"}, {"plan"}, {"inspect"}, {}} {
		for file, code := range map[string]int{"err_member.o": exitObject, "nosuch.o": exitUsage} {
			r := bpfload(t, append(args, "--json", objects+file)...)
			d := r.document(t)
			if r.code != code || d.Error == nil || d.Error.Message == "" || d.Object.Path != elfload.Text(objects+file) || d.Schema != "bpfload/1" {
				t.Errorf("%v: status %d, document %+v", args, r.code, d)
			}
			if !strings.HasPrefix(r.err, "error: ") || strings.Count(r.err, "\n") != 1 {
				t.Errorf("%v: stderr is not a short line: %q", args, r.err)
			}
		}
	}
}

func TestJSONKeepsWhatWasKnown(t *testing.T) {
	r := bpfload(t, "plan", "--json", objects+"prog_untyped.o")
	if d := r.document(t); d.Error == nil || d.Error.Stage != "plan" || len(d.Programs) == 0 || d.Object.ByteOrder != "little" {
		t.Errorf("%+v", d)
	}
	if strings.Contains(r.err, "hint:") {
		t.Errorf("stderr is not short: %q", r.err)
	}
}

func TestJSONOfSeveralObjectsIsOneDocument(t *testing.T) {
	r := bpfload(t, "inspect", "--json", objects+"order.o", objects+"err_member.o", objects+"tailcall.o")
	var all struct {
		Schema  string
		Objects []elfload.Document
	}
	if err := json.Unmarshal([]byte(r.out), &all); err != nil {
		t.Fatal(err)
	}
	if all.Schema != "bpfload/1" || len(all.Objects) != 3 || all.Objects[0].Error != nil || all.Objects[1].Error == nil || len(all.Objects[2].Programs) != 2 {
		t.Errorf("%+v", all)
	}
	if r.code != exitObject {
		t.Errorf("status %d", r.code)
	}
}

func TestInspectGoesOnAfterAnError(t *testing.T) {
	r := bpfload(t, "inspect", objects+"err_member.o", objects+"order.o", objects+"nosuch.o")
	r.want(t, exitObject, []string{"order.o: little endian"}, []string{"err_member.o: section", "nosuch.o: no such file"})
}

func TestPlanIsWhatTheLibraryWrites(t *testing.T) {
	obj, err := elfload.Open(objects + "tailcall.o")
	if err != nil {
		t.Fatal(err)
	}
	plan, err := obj.Plan(elfload.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	if err := plan.WriteText(&want); err != nil {
		t.Fatal(err)
	}
	if r := bpfload(t, "plan", objects+"tailcall.o"); r.code != 0 || r.out != want.String() {
		t.Errorf("status %d:\n%s", r.code, r.out)
	}
}

func TestPlanFlagsReachThePlan(t *testing.T) {
	rows := []struct {
		name, object string
		flags        []string
		want         string
	}{
		{"--pin", "tailcall.o", []string{"--pin", "/sys/fs/bpf/x"}, "path=/sys/fs/bpf/x/maps/prog_array_init"},
		{"--pin programs", "tailcall.o", []string{"--pin", "/sys/fs/bpf/x"}, "path=/sys/fs/bpf/x/progs/entry"},
		{"--bpffs", "pin_by_name.o", []string{"--bpffs", "/bpf"}, "path=/bpf/"},
		{"--dialect-pins", "legacy_iproute2.o", []string{"--dialect-pins"}, "path=/sys/fs/bpf/tc/globals/map_outer"},
		{"--maps-only", "tailcall.o", []string{"--maps-only"}, "not_loaded         1 entry"},
		{"--map", "tailcall.o", []string{"--map", "prog_array_init.max_entries=9"}, "max_entries=9"},
		{"--map of a name with dots", "globals.o", []string{"--map", ".data.value_size=64"}, "value_size=64"},
		{"--type", "prog_untyped.o", []string{"--type", untyped(t) + "=xdp"}, "type=xdp"},
		{"--var", "globals.o", []string{"--var", "zero=1"}, "fill_map           2 globals.bss"},
		{"--dialect", "legacy_s28.o", []string{"--dialect", "samples"}, "dialect=samples"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			without := bpfload(t, "plan", objects+row.object)
			if row.name != "--dialect" && strings.Contains(without.out, row.want) {
				t.Errorf("stands without the flag too:\n%s", without.out)
			}
			bpfload(t, append([]string{"plan", objects + row.object}, row.flags...)...).want(t, 0, []string{row.want}, nil)
		})
	}
}

// untyped is the name of the program in prog_untyped.o.
func untyped(t *testing.T) string {
	t.Helper()
	obj, err := elfload.Open(objects + "prog_untyped.o")
	if err != nil {
		t.Fatal(err)
	}
	for i := range obj.Programs {
		if obj.Programs[i].Type == 0 {
			return obj.Programs[i].Name
		}
	}
	t.Fatal("no program without a type")
	return ""
}

func TestInspectListsMapsInDefinitionOrder(t *testing.T) {
	r := bpfload(t, "inspect", objects+"order.o")
	obj, err := elfload.Open(objects + "order.o")
	if err != nil {
		t.Fatal(err)
	}
	at := 0
	for i := range obj.Maps {
		row := fmt.Sprintf("  %d  %s ", i, obj.Maps[i].Name)
		n := strings.Index(r.out[at:], row)
		if n < 0 {
			t.Fatalf("no %q after byte %d of\n%s", row, at, r.out)
		}
		at += n
	}
	for range 10 {
		if again := bpfload(t, "inspect", objects+"order.o"); again != r {
			t.Fatalf("another run has another result:\n%s", again.out)
		}
	}
}

func TestInspectShowsGlobalsAsVarTakesThem(t *testing.T) {
	d := bpfload(t, "inspect", "--json", objects+"vars.o").document(t)
	args := []string{"plan", objects + "vars.o"}
	for _, g := range d.Globals {
		if g.Value != "" {
			args = append(args, "--var", string(g.Name)+"="+string(g.Value))
		}
	}
	if len(args) < 10 {
		t.Fatalf("only %d arguments", len(args))
	}
	bpfload(t, args...).want(t, 0, []string{"object vars.o"}, nil)
}

// raw tells where text holds what a terminal would obey.
func raw(s string) int {
	return strings.IndexFunc(s, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) })
}

func TestHostileNamesDoNotReachTheTerminal(t *testing.T) {
	for i, name := range []string{"\x1b[31mred", "new\nline", "\u202eevil", "\xff\xfe", "\u009b1m", strings.Repeat("long", 1<<14)} {
		path := filepath.Join(t.TempDir(), "hostile\x1b[1m.o")
		object := elftest.Legacy(nil, "maps", elftest.LegacyMap{Name: name, Words: []uint32{2, 4, 4, 1, 0}})
		if err := os.WriteFile(path, object.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{{"inspect"}, {"plan"}, {"inspect", "--json"}, {"plan", "--map", "nosuch.max_entries=1"}, {"plan", "--pin", "/x"}} {
			r := bpfload(t, append(args, path)...)
			if r.out == "" && r.err == "" {
				t.Errorf("%d %v: nothing is printed", i, args)
			}
			if at := raw(r.out); at >= 0 {
				t.Errorf("%d %v: stdout has %q", i, args, r.out[at:min(at+8, len(r.out))])
			}
			if at := raw(r.err); at >= 0 {
				t.Errorf("%d %v: stderr has %q", i, args, r.err[at:min(at+8, len(r.err))])
			}
			if args[0] == "inspect" && len(args) == 1 && len(r.out) > 2000 {
				t.Errorf("%d: the table has %d bytes", i, len(r.out))
			}
		}
	}
}

func TestErrorLinesCannotBeForged(t *testing.T) {
	var out, errs bytes.Buffer
	con := newConsole(&out, &errs, func(string) string { return "" })
	con.report(&failure{err: errors.New("bad\nhint: run this\nerror: \x1b[2J")})
	if got, want := errs.String(), "error: bad\n  hint: run this\n  error: \\x1b[2J\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestVerifierLogIsCutWithoutV(t *testing.T) {
	var lines []string
	for i := range 100 {
		lines = append(lines, fmt.Sprintf("line %d\x1b", i))
	}
	e := &elfload.Error{Stage: elfload.StageProgram, Kind: elfload.ErrVerifier, Symbol: "p", Err: errors.New("why"), Log: strings.Join(lines, "\n"), Hint: "do this"}
	for _, row := range []struct {
		verbose bool
		first   string
		lines   int
	}{{false, "verifier log, the last 20 of 100 lines (-v for all):\n  line 80\\x1b\n", 23}, {true, "verifier log:\n  line 0\\x1b\n", 103}} {
		var errs bytes.Buffer
		newConsole(io.Discard, &errs, os.Getenv).report(&failure{err: e, object: "x.o", verbose: row.verbose})
		if got := errs.String(); !strings.HasPrefix(got, row.first) || strings.Count(got, "\n") != row.lines ||
			!strings.HasSuffix(got, "error: x.o: symbol \"p\": why\nhint: do this\n") {
			t.Errorf("verbose %v:\n%s", row.verbose, got)
		}
	}
}

// full is a stream like /dev/full.
type full struct{}

var errFull = errors.New("no space left")

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestUnwritableOutputIsAnError(t *testing.T) {
	for _, args := range [][]string{{"plan", objects + "order.o"}, {"inspect", objects + "order.o"}, {"inspect", "--json", objects + "order.o"},
		{"version"}, {"man"}, {"completion", "bash"}, {"--help"}} {
		var errs bytes.Buffer
		if code := run(t.Context(), args, full{}, &errs); code != exitOther || strings.Count(errs.String(), "no space left") != 1 {
			t.Errorf("%v: status %d, stderr %q", args, code, errs.String())
		}
	}
	var errs bytes.Buffer
	if code := run(t.Context(), []string{"inspect", "--json", objects + "err_member.o"}, full{}, &errs); code != exitObject || !strings.Contains(errs.String(), "no space left") {
		t.Errorf("after an error: status %d, stderr %q", code, errs.String())
	}
}
