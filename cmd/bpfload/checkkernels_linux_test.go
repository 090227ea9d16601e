package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/bpfload/bpfload/check"
	"github.com/bpfload/bpfload/internal/kerneltest"
	"github.com/bpfload/bpfload/internal/vm/vmtest"
)

const command = "github.com/bpfload/bpfload/cmd/bpfload"

func TestCheckKernelUsage(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	image := checked + "twenty.o" // exists, which is all that matters before a boot
	for _, row := range []struct {
		name string
		args []string
		code int
		text string
	}{
		{"missing image", []string{"--kernel", "none/vmlinuz", checked}, exitUsage, "no such file"},
		{"pattern without a match", []string{"--kernel", "none/*.deb", checked}, exitUsage, "nothing matches"},
		{"without a kernel", []string{"--kernel", image, "--no-kernel", checked}, exitUsage, "exclude each other"},
		{"setting that names nothing", []string{"--kernel", image, "--vary", "nobody=1", checked}, exitUsage, "nobody"},
		{"no emulator", []string{"--kernel", image, checked}, exitOther, "qemu-system-x86"},
	} {
		t.Run(row.name, func(t *testing.T) {
			bpfload(t, append([]string{"check"}, row.args...)...).want(t, row.code, nil, []string{row.text})
		})
	}
}

func TestCheckOnTheRunningKernelByName(t *testing.T) {
	kerneltest.Require(t)
	r := bpfload(t, "check", "--kernel", "running", checked)
	r.want(t, exitVerifier, []string{"twenty.o on ", "on 1 kernel,"}, []string{"1 failed"})
}

// asNobody runs bin without privilege, in a directory with nothing of root's.
func asNobody(t *testing.T, bin string, args ...string) (out string, code int) {
	t.Helper()
	cmd := exec.Command(bin, args...)
	cmd.Dir = "../../check/testdata"
	cmd.Env = append(os.Environ(), "CI=", "GITHUB_STEP_SUMMARY=")
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	text, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return string(text), cmd.ProcessState.ExitCode()
}

// openDir lets everybody into a temporary directory of the test.
func openDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "bpfload-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	return dir
}

// One command, two kernels, no privilege: exactly the broken program fails, on
// each of them.
func TestVMCheckOnOlderKernels(t *testing.T) {
	dir := openDir(t)
	t.Setenv("TMPDIR", dir)
	args := []string{"check", "--format", "json", "-o", filepath.Join(dir, "report")}
	for _, v := range vmtest.Versions {
		text, err := os.ReadFile(vmtest.Kernel(t, v))
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, v+".deb")
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
		args = append(args, "--kernel", file)
	}
	built := vmtest.Build(t, command)
	bin := filepath.Join(dir, "bpfload")
	if err := os.Rename(built, bin); err != nil {
		t.Fatal(err)
	}
	// Objects below /tmp, and an expectation that is about one of the kernels.
	rbtree, err := os.ReadFile(objects + "rbtree.o")
	if err == nil {
		err = errors.Join(os.WriteFile(filepath.Join(dir, "rbtree.o"), rbtree, 0o644), os.WriteFile(filepath.Join(dir, "bpfload.yaml"), []byte(`
version: 1
objects:
  - path: rbtree.o
    expect: [{program: plants, stage: program, pattern: bpf_obj_new_impl, kernels: ["<6.3"]}]
`), 0o644))
	}
	if err != nil {
		t.Fatal(err)
	}
	args = append(args, "--config", filepath.Join(dir, "bpfload.yaml"), "objs", filepath.Join(dir, "rbtree.o"))
	out, code := asNobody(t, bin, args...)
	if code != exitVerifier || !strings.Contains(out, "3 objects in 6 loads on 2 kernels") || !strings.Contains(out, "2 failed, 1 failed as expected") {
		t.Fatalf("status %d\n%s", code, out)
	}
	r, err := check.ReadReport(filepath.Join(dir, "report"))
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range vmtest.Versions {
		if k := &r.Kernels[i]; !strings.HasPrefix(k.Release, v+".") || k.Failed || k.Accel == "" {
			t.Errorf("kernel %+v", k)
		}
	}
	for i := range r.Objects {
		o := &r.Objects[i]
		var failed []string
		for c := range o.Checks() {
			if c.Verdict == check.Failed {
				failed = append(failed, string(c.Name))
			}
		}
		if twenty := o.Path == "objs/twenty.o"; twenty && !slices.Equal(failed, []string{"broken"}) || !twenty && failed != nil {
			t.Errorf("%s: %q failed", o.Label(), failed)
		}
		if c := o.First().Cause; o.Path == "objs/twenty.o" && (c == nil || c.File != "objs/twenty.c" || c.Line != 30 || c.Log == "") {
			t.Errorf("%s: cause %+v", o.Label(), c)
		}
	}
	dead := filepath.Join(dir, "vmlinuz-dead")
	image := make([]byte, 1<<20)
	copy(image[0x1fe:], "\x55\xaa\xeb\x66HdrS\x0f\x02")
	if err := os.WriteFile(dead, image, 0o644); err != nil {
		t.Fatal(err)
	}
	out, code = asNobody(t, bin, "check", "--kernel", dead, "--kernel-timeout", "10s", "objs")
	if code != exitOther || !strings.Contains(out, "failed: "+dead+": kernel") {
		t.Errorf("a dead kernel: status %d\n%s", code, out)
	}
}
