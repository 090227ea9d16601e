package bpftest_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/bpfload/bpfload/bpftest"
	"github.com/bpfload/bpfload/elfload"
	"github.com/bpfload/bpfload/internal/kerneltest"
)

const unprivilegedEnv = "BPFTEST_UNPRIVILEGED"

// A refusal for want of privilege is not the one that was expected, though stage
// and pattern fit it. In a user namespace no capability counts.
func TestExpectRejectIsNotMetByMissingPrivilege(t *testing.T) {
	if os.Getenv(unprivilegedEnv) != "" {
		r := watch(func(t testing.TB) {
			bpftest.ExpectReject(t, flows, "forgets", elfload.StageProgram, "", bpftest.Autoload("forgets"))
		})
		fmt.Println("ended:", r.skip+r.fatal+r.errs)
		return
	}
	kerneltest.Require(t)
	for _, row := range []struct{ require, want string }{{"", "ended: no privilege: "}, {"1", "ended: " + bpftest.RequireEnv + "=1 forbids skipping: no privilege: "}} {
		cmd := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$")
		cmd.Env = append(os.Environ(), unprivilegedEnv+"=1", bpftest.RequireEnv+"="+row.require)
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER,
			UidMappings: []syscall.SysProcIDMap{{Size: 1}}, GidMappings: []syscall.SysProcIDMap{{Size: 1}}}
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), row.want) {
			t.Errorf("%v\n%s", err, out)
		}
	}
}
