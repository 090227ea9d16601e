package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bpfload/bpfload/elfload"
	"github.com/bpfload/bpfload/internal/kerneltest"
)

// compile makes a program of testdata/child.c, or skips the test where there is
// no compiler or library.
func compile(t *testing.T, args ...string) string {
	t.Helper()
	cc, err := exec.LookPath("cc")
	if err != nil {
		t.Skip("no C compiler: ", err)
	}
	exe := filepath.Join(t.TempDir(), "child")
	out, err := exec.CommandContext(t.Context(), cc, append([]string{"-o", exe, "testdata/child.c"}, args...)...).CombinedOutput()
	if err != nil && len(args) > 0 {
		t.Skipf("cc %v: %s", args, out)
	}
	if err != nil {
		t.Fatalf("cc: %v\n%s", err, out)
	}
	return exe
}

// child is what a CMD printed about itself.
type child struct {
	doc   elfload.Document
	given []string // "NAME FD ID"
	open  []string // numbers of open descriptors
}

// runChild starts `bpfload run ARGS -- COMMAND` with a descriptor 3 and 4 that
// are inherited, and reads what the command prints.
func runChild(t *testing.T, args []string, command ...string) *child {
	t.Helper()
	kerneltest.Require(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	cmd := process(t, slices.Concat([]string{"run"}, args, []string{"--"}, command)...)
	cmd.ExtraFiles = []*os.File{r, w}
	cmd.Env = append(cmd.Env, "LISTEN_PID=1", "LISTEN_FDS=7", "LISTEN_FDNAMES=stale", "LISTEN_PIDFDID=1", "BPF_MAP99=7", "BPFLOAD_MAP_DATA_FD=7")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %s%s", err, &stdout, &stderr)
	}
	first, rest, _ := strings.Cut(stdout.String(), "\n")
	c := &child{}
	if err := json.Unmarshal([]byte(first), &c.doc); err != nil {
		t.Fatalf("%v in %q", err, first)
	}
	for line := range strings.Lines(rest) {
		line = strings.TrimSpace(line)
		if fd, ok := strings.CutPrefix(line, "open "); ok {
			c.open = append(c.open, fd)
		} else {
			c.given = append(c.given, line)
		}
	}
	slices.Sort(c.open)
	return c
}

// check compares what the child saw with the document, and with what else may
// be open in it.
func (c *child) check(t *testing.T, names ...string) {
	t.Helper()
	var want, open []string
	open = append(open, "0", "1", "2")
	add := func(fd *int, id *uint32) {
		if fd == nil {
			return
		}
		open = append(open, fmt.Sprint(*fd))
		if len(want) < len(names) {
			want = append(want, fmt.Sprintf("%s %d %d", names[len(want)], *fd, *id))
		}
	}
	for i := range c.doc.Maps {
		add(c.doc.Maps[i].FD, c.doc.Maps[i].ID)
	}
	for i := range c.doc.Programs {
		add(c.doc.Programs[i].FD, c.doc.Programs[i].ID)
	}
	slices.Sort(open)
	if !slices.Equal(c.given, want) || len(want) != len(names) {
		t.Errorf("the child was given %q, want %q of %q", c.given, want, names)
	}
	if !slices.Equal(c.open, open) {
		t.Errorf("open in the child: %q, want %q", c.open, open)
	}
}

func TestRunHandsOverToC(t *testing.T) {
	kerneltest.Require(t)
	exe := compile(t)
	runChild(t, []string{objects + "order.o"}, exe).check(t, "outer", "inner", "a", "b")
	runChild(t, []string{objects + "order.o", "--progs"}, exe).check(t, "outer", "inner", "a", "b", "uses_all")
}

func TestRunSpeaksSystemdsProtocol(t *testing.T) {
	kerneltest.Require(t)
	exe := compile(t, "-DSYSTEMD", "-l:libsystemd.so.0")
	runChild(t, []string{objects + "order.o", "--progs"}, exe).check(t, "outer", "inner", "a", "b", "uses_all")
}

func python(t *testing.T) string {
	t.Helper()
	exe, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no Python: ", err)
	}
	return exe
}

func TestRunHandsOverToPython(t *testing.T) {
	exe := python(t)
	runChild(t, []string{objects + "order.o", "--progs"}, exe, "testdata/child.py").check(t, "outer", "inner", "a", "b", "uses_all")
	runChild(t, []string{objects + "legacy_ten.o", "--maps-only"}, exe, "testdata/child.py")
}

// cli.md: a long document is in a sealed file, the one descriptor after those counted.
func TestRunPassesALongDocumentAsAFile(t *testing.T) {
	exe := python(t)
	// The paths of a hundred pins make the document long.
	args := []string{objects + "hundred.o", "--maps-only", "--pin", filepath.Join(kerneltest.BPFFS(t), strings.Repeat("y", 255), strings.Repeat("z", 255))}
	c := runChild(t, args, exe, "testdata/child.py")
	if len(c.given) != 100 || c.given[0] != fmt.Sprintf("%s 3 %d", c.doc.Maps[0].Name, *c.doc.Maps[0].ID) {
		t.Errorf("given %q", c.given)
	}
	if line, err := c.doc.Line(); err != nil || len(line) <= 96<<10 {
		t.Errorf("the document is not long: %d bytes, %v", len(line), err)
	}
	// The child has read and closed the file.
	if len(c.open) != 103 {
		t.Errorf("open in the child: %q", c.open)
	}
}

// CMD gets the process id, standard streams, environment and arguments, and its
// status is bpfload's.
func TestRunBecomesTheCommand(t *testing.T) {
	kerneltest.Require(t)
	script := `read line; echo "$$ $LISTEN_PID $LISTEN_FDS $BPF_NUM_MAPS $BPF_MAP0 $BPF_MAP99 $line $1 $HOLD"; exit 77`
	cmd := process(t, "run", objects+"tailcall.o", "--hold", "--", "sh", "-c", script, "sh", "-v")
	cmd.Stdin = strings.NewReader("hello\n")
	cmd.Env = append(cmd.Env, "HOLD=no", "BPF_MAP99=9")
	out, err := cmd.Output()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 77 {
		t.Fatalf("%v, %s", err, out)
	}
	if want := fmt.Sprintf("%d %d 1 1 3  hello -v no\n", cmd.Process.Pid, cmd.Process.Pid); string(out) != want {
		t.Errorf("%q, want %q", out, want)
	}
}

// L69: an iproute2 definition's id is the n of BPF_MAP<n>.
func TestRunNumbersMapsByTheirID(t *testing.T) {
	kerneltest.Require(t)
	out, err := process(t, "run", objects+"legacy_iproute2_tails.o", "--", "sh", "-c", "env | grep ^BPF_MAP").Output()
	if err != nil {
		t.Fatal(err)
	}
	obj, err := elfload.Open(objects + "legacy_iproute2_tails.o")
	if err != nil {
		t.Fatal(err)
	}
	for i := range obj.Maps {
		n := uint64(i)
		if id, ok := obj.Maps[i].ExtValue("id"); ok && id.Value != 0 {
			n = id.Value
		}
		if v := fmt.Sprintf("BPF_MAP%d=%d\n", n, 3+i); !strings.Contains(string(out), v) {
			t.Errorf("no %q in %q", v, out)
		}
	}
}

func TestRunDropsPrivileges(t *testing.T) {
	kerneltest.Require(t)
	if os.Geteuid() != 0 {
		t.Skip("becoming another user needs root")
	}
	show := []string{"--", "grep", "-E", "^(Uid|Gid|Groups|CapEff|CapPrm|CapInh|CapAmb|NoNewPrivs)", "/proc/self/status"}
	for _, tc := range []struct {
		user string
		args []string
		want []string
	}{
		{"4711:4712", nil, []string{"Uid:\t4711\t4711\t4711\t4711", "Gid:\t4712\t4712\t4712\t4712", "Groups:\t4712", "NoNewPrivs:\t0"}},
		{"0:4712", []string{"--no-new-privs"}, []string{"Uid:\t0\t0\t0\t0", "Gid:\t4712\t4712\t4712\t4712", "Groups:\t4712", "NoNewPrivs:\t1"}},
	} {
		out, err := process(t, slices.Concat([]string{"run", "--user", tc.user}, tc.args, []string{objects + "order.o"}, show)...).Output()
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range tc.want {
			if !strings.Contains(string(out), want) {
				t.Errorf("--user %s: no %q in %s", tc.user, want, out)
			}
		}
		if caps := strings.Count(string(out), "\t0000000000000000\n"); tc.user[0] != '0' && caps != 4 {
			t.Errorf("--user %s leaves capabilities: %s", tc.user, out)
		}
	}
}

// fdinfo's flags are octal: 0 is O_RDONLY, 2 is O_RDWR.
func TestRunPassesReadOnly(t *testing.T) {
	kerneltest.Require(t)
	out, err := process(t, "run", "--read-only", "a", objects+"order.o", "--", "sh", "-c", "grep -h ^flags /proc/self/fdinfo/[3456]").Output()
	if err != nil {
		t.Fatal(err)
	}
	var modes string
	for _, f := range strings.Fields(string(out)) {
		if f != "flags:" {
			modes += f[len(f)-1:]
		}
	}
	if modes != "2202" {
		t.Errorf("access modes %s of outer, inner, a, b: %s", modes, out)
	}
}

func TestRunFailsBeforeTheCommand(t *testing.T) {
	noexec := filepath.Join(t.TempDir(), "noexec")
	if err := os.WriteFile(noexec, []byte("echo hi\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name string
		args []string
		code int
		err  string
	}{
		{"no command", []string{"run", objects + "order.o"}, exitUsage, "no command given"},
		{"nothing after the dashes", []string{"run", objects + "order.o", "--"}, exitUsage, "no command given after --"},
		{"no object", []string{"run", "--", "true"}, exitUsage, "no object file"},
		{"two objects", []string{"run", "a.o", "b.o", "--", "true"}, exitUsage, "one object file"},
		{"not found", []string{"run", objects + "order.o", "--", "bpfload-no-such-command"}, exitNotFound, `command "bpfload-no-such-command"`},
		{"path not found", []string{"run", objects + "order.o", "--", "./bpfload-no-such-command"}, exitNotFound, "no such file"},
		{"not executable", []string{"run", objects + "order.o", "--", noexec}, exitNotExecutable, "permission denied"},
		{"broken object", []string{"run", objects + "err_member.o", "--", "true"}, exitObject, "err_member.o"},
		{"unknown map", []string{"run", "--read-only", "nope", objects + "order.o", "--", "true"}, exitUsage, `"nope"`},
		{"unknown user", []string{"run", "--user", "bpfload-nobody", objects + "order.o", "--", "true"}, exitUsage, "bpfload-nobody"},
		{"unknown group", []string{"run", "--user", "0:bpfload-nobody", objects + "order.o", "--", "true"}, exitUsage, "bpfload-nobody"},
		{"number without entry", []string{"run", "--user", "987654", objects + "order.o", "--", "true"}, exitUsage, "987654"},
		{"highest number", []string{"run", "--user", "4294967295:0", objects + "order.o", "--", "true"}, exitUsage, "4294967295"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			bpfload(t, tc.args...).want(t, tc.code, nil, []string{"error: ", tc.err})
		})
	}
}

// The load's status and document, and no CMD.
func TestRunDoesNotStartAfterAFailedLoad(t *testing.T) {
	kerneltest.Require(t)
	mark := filepath.Join(t.TempDir(), "mark")
	r := bpfload(t, "run", "--json", objects+"prog_refused.o", "--", "touch", mark)
	if d := r.document(t); r.code != exitVerifier || d.Error == nil || d.Error.Stage != "program" {
		t.Errorf("status %d, %+v", r.code, d.Error)
	}
	if _, err := os.Stat(mark); err == nil {
		t.Error("the command was started")
	}
}

// A command that the kernel does not execute is found out last: everything is
// released, and this process is as it was, its user too.
func TestRunUndoesWhenTheCommandCannotBeExecuted(t *testing.T) {
	kerneltest.Require(t)
	bad := filepath.Join(t.TempDir(), "bad")
	for _, tc := range []struct {
		content, user string
		code          int
	}{
		{"no format\n", "", exitNotExecutable},
		{"#!/bpfload/no/such/interpreter\n", "", exitNotFound},
		{"#!/bin/sh\n", "4711:4711", exitNotExecutable}, // who may not read the directory
	} {
		if tc.user != "" && os.Geteuid() != 0 {
			continue
		}
		if err := os.WriteFile(bad, []byte(tc.content), 0o700); err != nil {
			t.Fatal(err)
		}
		for range 20 {
			bpfload(t, "run", "--user", tc.user, objects+"order.o", "--", bad).want(t, tc.code, nil, []string{"error: ", "cannot be executed"})
		}
	}
	if out, err := exec.CommandContext(t.Context(), "id", "-u").Output(); err != nil || strings.TrimSpace(string(out)) != fmt.Sprint(os.Getuid()) {
		t.Errorf("afterwards: %s, %v", out, err)
	}
	if open, err := filepath.Glob("/proc/self/fd/*"); err != nil || len(open) > 40 {
		t.Errorf("%d descriptors are open: %v", len(open), err)
	}
}
