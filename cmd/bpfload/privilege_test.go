package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/bpfload/bpfload/internal/kerneltest"
)

// The least capabilities by kind of object, as SECURITY.md has them: with these
// an object loads, with any one less it does not, and the error names it.
func TestLeastCapabilities(t *testing.T) {
	kerneltest.Require(t)
	if os.Geteuid() != 0 {
		t.Skip("only root can drop capabilities one by one")
	}
	setpriv, err := exec.LookPath("setpriv")
	if err != nil {
		t.Skip("setpriv is not installed")
	}
	with := func(caps []string, args ...string) (status int, stderr string) {
		cmd := process(t, append([]string{"load"}, args...)...)
		limits := append([]string{"-all"}, caps...)
		limited := exec.CommandContext(t.Context(), setpriv, append([]string{"--bounding-set=" + strings.Join(limits, ",+"), "--inh-caps=-all", "--", cmd.Path}, cmd.Args[1:]...)...)
		limited.Env = cmd.Env
		var errs strings.Builder
		limited.Stderr = &errs
		_ = limited.Run() // the status is judged
		return limited.ProcessState.ExitCode(), errs.String()
	}
	if status, stderr := with([]string{"bpf", "perfmon", "net_admin"}, objects+"maps_only.o"); status != 0 {
		t.Skipf("setpriv cannot give CAP_BPF here: %s", stderr)
	}
	for _, row := range []struct {
		what  string
		args  []string
		needs []string
	}{
		{"plain maps", []string{objects + "maps_only.o"}, []string{"bpf"}},
		{"maps of maps", []string{"--maps-only", objects + "order.o"}, []string{"bpf"}},
		{"data sections and a socket filter", []string{objects + "globals.o"}, []string{"bpf"}},
		{"a program array of socket filters", []string{objects + "tailcall.o"}, []string{"bpf"}},
		{"XDP", []string{objects + "order.o"}, []string{"bpf", "net_admin"}},
		{"a raw tracepoint with CO-RE", []string{objects + "core.o"}, []string{"bpf", "perfmon"}},
		{"iterators and cgroups", []string{objects + "prog_attach.o"}, []string{"bpf", "perfmon", "net_admin"}},
	} {
		t.Run(row.what, func(t *testing.T) {
			if status, stderr := with(row.needs, row.args...); status != 0 {
				t.Errorf("with %v: status %d, %s", row.needs, status, stderr)
			}
			for i := range row.needs {
				less := append(append([]string(nil), row.needs[:i]...), row.needs[i+1:]...)
				missing := "CAP_" + strings.ToUpper(row.needs[i])
				if status, stderr := with(less, row.args...); status != exitPrivilege || !strings.Contains(stderr, missing) || !strings.Contains(stderr, "hint: ") {
					t.Errorf("with %v: status %d, %s", less, status, stderr)
				}
			}
			if status, stderr := with([]string{"sys_admin"}, row.args...); status != 0 {
				t.Errorf("CAP_SYS_ADMIN stands for all: status %d, %s", status, stderr)
			}
		})
	}
}
