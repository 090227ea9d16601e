package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/bpfload/bpfload/elfload"
	"github.com/bpfload/bpfload/internal/kerneltest"
)

// childEnv makes the test binary a child that prints the table it was given, as
// testdata/child.c does.
const childEnv = "BPFLOAD_TEST_CHILD"

func goChild() {
	if err := printTable(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func printTable() error {
	t, err := elfload.FromEnvironment()
	if err != nil {
		return err
	}
	defer t.Close()
	line, err := t.Document.Line()
	if err != nil {
		return err
	}
	fmt.Println(string(line))
	for i := range t.MapData {
		m := &t.MapData[i]
		info, err := m.Map.Info()
		if err != nil {
			return err
		}
		id, _ := info.ID()
		if t.Map(m.Name) != m.Map || m.Map.FD() != m.FD || info.Type != m.Map.Type() {
			return fmt.Errorf("map %q is %v, %v", m.Name, m, info)
		}
		fmt.Println(m.Name, m.FD, id)
	}
	for i := range t.Programs {
		p := &t.Programs[i]
		info, err := p.Program.Info()
		if err != nil {
			return err
		}
		id, _ := info.ID()
		fmt.Println(p.Name, p.FD, id)
	}
	if _, err := elfload.FromEnvironment(); !errors.Is(err, elfload.ErrNothingPassed) {
		return fmt.Errorf("a second time: %v", err)
	}
	for _, v := range os.Environ() {
		if strings.HasPrefix(v, "LISTEN_") || strings.HasPrefix(v, "BPF_MAP") {
			return fmt.Errorf("%s is still set", v)
		}
	}
	return printOpen()
}

// printOpen prints what is open, but for what the Go runtime opens itself.
func printOpen() error {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return err
	}
	for _, e := range entries {
		to, err := os.Readlink("/proc/self/fd/" + e.Name())
		if err != nil || strings.HasPrefix(to, "anon_inode:[event") || strings.HasPrefix(to, "/sys/fs/cgroup/") {
			continue
		}
		fmt.Println("open", e.Name())
	}
	return nil
}

func TestRunHandsOverToGo(t *testing.T) {
	kerneltest.Require(t)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := []string{"env", "-u", mainEnv, childEnv + "=1", exe}
	runChild(t, []string{objects + "order.o", "--progs", "--read-only", "a"}, child...).check(t, "outer", "inner", "a", "b", "uses_all")
	runChild(t, []string{objects + "hundred.o", "--maps-only", "--user", "0:0"}, child...)
	dir := kerneltest.BPFFS(t)
	c := runChild(t, []string{objects + "hundred.o", "--maps-only", "--pin", dir + "/" + strings.Repeat("y", 255) + "/" + strings.Repeat("z", 255)}, child...)
	if len(c.given) != 100 {
		t.Errorf("a long document: given %q", c.given)
	}
}
