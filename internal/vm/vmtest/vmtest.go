// Package vmtest gives tests the kernels that scripts/kernels fetched, and runs
// their test binaries in them. It is for tests only.
//
//	func TestOnOlderKernels(t *testing.T) {
//		for _, version := range vmtest.Versions {
//			t.Run(version, func(t *testing.T) {
//				kernel := vmtest.Kernel(t, version)
//				bin := vmtest.Build(t, "github.com/bpfload/bpfload/cmd/bpfload")
//				r := vmtest.Run(t, vm.Options{Kernel: kernel, Init: bin, Args: []string{vm.Self, "version"}})
//				…
package vmtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bpfload/bpfload/internal/vm"
)

// Versions are the kernels that scripts/kernels fetches.
var Versions = []string{"6.1", "6.12"}

const (
	// DirEnv names the directory of kernels, which otherwise is
	// bpfload-kernels in the user's cache directory.
	DirEnv = "BPFLOAD_KERNELS"
	// RequireEnv forbids skipping when it is "1".
	RequireEnv = "BPFLOAD_REQUIRE_VM"
)

// Find is the kernel of that version ("6.1"), a package or image whose name has
// it in the directory of kernels; a file is given back as it is.
func Find(version string) (string, error) {
	if _, err := os.Stat(version); err == nil {
		return version, nil
	}
	dir := os.Getenv(DirEnv)
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return "", err
		}
		dir = filepath.Join(cache, "bpfload-kernels")
	}
	for _, glob := range []string{"linux-image-" + version + ".*.deb", "vmlinuz-" + version + ".*"} {
		list, err := filepath.Glob(filepath.Join(dir, glob))
		if err != nil {
			return "", err
		}
		if len(list) > 0 {
			slices.Sort(list)
			return list[len(list)-1], nil
		}
	}
	return "", fmt.Errorf("no kernel %s in %s; scripts/kernels fetches it", version, dir)
}

// Kernel is Find for a test, which is skipped where the kernel or the emulator
// is missing, unless that is forbidden.
func Kernel(t testing.TB, version string) string {
	t.Helper()
	file, err := Find(version)
	if err == nil {
		if _, err = exec.LookPath(vm.DefaultQEMU); err == nil {
			return file
		}
		err = fmt.Errorf("%w: %w", vm.ErrNoQEMU, err)
	}
	if os.Getenv(RequireEnv) == "1" {
		t.Fatalf("%s=1 forbids skipping: %v", RequireEnv, err)
	}
	t.Skip(err)
	return ""
}

// Build builds a command of this module as a static binary. The tests of its
// caller run in a directory of the module.
func Build(t testing.TB, pkg string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), filepath.Base(pkg))
	command(t, "build", "-o", out, pkg)
	return out
}

// BuildTest builds a package's tests as a static binary.
func BuildTest(t testing.TB, pkg string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), filepath.Base(pkg)+".test")
	command(t, "test", "-c", "-o", out, pkg)
	return out
}

func command(t testing.TB, args ...string) {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Env = append(cmd.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// timeout is for guests without KVM on a busy machine: a test is to find what goes
// wrong in them, not how slow they are.
const timeout = 20 * time.Minute

// Run runs a guest, for which it has more patience than vm.Run by itself; what goes wrong with it, its console included, fails the
// test. The command's status is the caller's to judge.
func Run(t testing.TB, o vm.Options) *vm.Result {
	t.Helper()
	if o.Timeout == 0 {
		o.Timeout = timeout
	}
	r, err := vm.Run(context.Background(), o)
	var e *vm.Error
	if errors.As(err, &e) {
		t.Fatalf("%v\n%s", err, strings.Join(e.Console, "\n"))
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}
