package main

import (
	"errors"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/bpfload/bpfload/internal/kerneltest"
)

// In a user namespace the process has every capability and none that counts.
func TestCheckIsNotGreenWithoutPrivilege(t *testing.T) {
	kerneltest.Require(t)
	for _, row := range []struct {
		ci   string
		code int
	}{{"true", exitPrivilege}, {"", exitDone}} {
		var out strings.Builder
		cmd := process(t, "check", checked+"varied.o")
		cmd.Env = append(cmd.Env, "CI="+row.ci)
		cmd.Stdout = &out
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER,
			UidMappings: []syscall.SysProcIDMap{{Size: 1}}, GidMappings: []syscall.SysProcIDMap{{Size: 1}}}
		err := cmd.Run()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			t.Fatalf("no user namespace: %v", err)
		}
		if code := cmd.ProcessState.ExitCode(); code != row.code || !strings.Contains(out.String(), "no privilege: ") || !strings.Contains(out.String(), "EPERM") {
			t.Errorf("CI=%q: status %d, want %d\n%s", row.ci, code, row.code, out.String())
		}
	}
}
