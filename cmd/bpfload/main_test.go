package main

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/bpfload/bpfload/internal/kerneltest"

	"github.com/bpfload/bpfload/internal/vm"
)

// mainEnv makes the test binary be bpfload, for tests of the process itself.
const mainEnv = "BPFLOAD_TEST_MAIN"

// outside are variables with which whoever runs the tests, a service manager or a
// runner of GitHub's, would change what bpfload does in them.
var outside = [...]string{"CI", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE", "NO_COLOR", "NOTIFY_SOCKET", "LISTEN_PID", "LISTEN_FDS",
	"LISTEN_FDNAMES", "LISTEN_PIDFDID", "BPFLOAD_MAP_DATA", "BPFLOAD_MAP_DATA_FD", "BPF_NUM_MAPS", tokenEnv}

func TestMain(m *testing.M) {
	vm.Main() // returns at once outside of a virtual machine
	if os.Getenv(childEnv) == "1" {
		goChild() // exits
	}
	if child := children[os.Getenv(otherChildEnv)]; child != nil {
		child() // exits
	}
	if os.Getenv(mainEnv) == "1" {
		main() // exits
	}
	for _, name := range outside {
		if err := os.Unsetenv(name); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// process is bpfload as a process of its own, not yet started.
func process(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe, args...)
	cmd.Env = append(os.Environ(), mainEnv+"=1")
	return cmd
}

func TestClosedPipeIsAnErrorNotASignal(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	var stderr strings.Builder
	cmd := process(t, "inspect", objects+"order.o")
	cmd.Stdout, cmd.Stderr = w, &stderr
	var exit *exec.ExitError
	if err := cmd.Run(); !errors.As(err, &exit) || exit.ExitCode() != exitOther || !strings.Contains(stderr.String(), "standard output") {
		t.Errorf("%v, stderr %q", err, stderr.String())
	}
}

func TestExitStatusOfTheProcess(t *testing.T) {
	var exit *exec.ExitError
	if err := process(t, "inspect", objects+"err_member.o").Run(); !errors.As(err, &exit) || exit.ExitCode() != exitObject {
		t.Errorf("%v, want status %d", err, exitObject)
	}
}

func TestHoldEndsBySignal(t *testing.T) {
	kerneltest.Require(t)
	for _, sig := range []os.Signal{syscall.SIGINT, syscall.SIGTERM} {
		cmd := process(t, "load", "--hold", objects+"tailcall.o")
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		line, err := bufio.NewReader(out).ReadString('\n')
		if err != nil || line != "map_data\n" {
			t.Errorf("first line %q, %v", line, err)
		}
		if err := cmd.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("%v: %v", sig, err)
		}
	}
}

// otherChildEnv names what else the test binary is to be, one of children.
const otherChildEnv = "BPFLOAD_TEST_AS"

var children = map[string]func(){}
