package bpfsys

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// TestInUserNS compares with the map of user ids, which the first namespace has in
// full, and with a process in a namespace of its own.
func TestInUserNS(t *testing.T) {
	const child = "BPFLOAD_TEST_USERNS"
	if os.Getenv(child) != "" {
		fmt.Println("in a namespace:", InUserNS(), InUserNS())
		return
	}
	text, err := os.ReadFile("/proc/self/uid_map")
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("a kernel without user namespaces")
	}
	for range 2 {
		if !InUserNS() && inUserNS(strings.TrimSpace(string(text))) {
			t.Errorf("the first user namespace, with the ids %q", text)
		}
	}
	cmd := exec.Command("/proc/self/exe", "-test.run=^TestInUserNS$", "-test.v")
	cmd.Env = append(os.Environ(), child+"=yes")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER}
	out, err := cmd.CombinedOutput()
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSPC) {
		t.Skipf("no user namespace can be made: %v", err)
	}
	if err != nil || !strings.Contains(string(out), "in a namespace: true true") {
		t.Errorf("in a namespace: %v\n%s", err, out)
	}
}
