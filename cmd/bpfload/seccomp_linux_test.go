package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/bpfload/bpfload/internal/kerneltest"
)

func init() { children["filtered"] = filteredChild }

// What the filter refuses: a command of bpf(2), or all with -1, and its answer.
const (
	filterCmdEnv   = "BPFLOAD_TEST_FILTER_CMD"
	filterErrnoEnv = "BPFLOAD_TEST_FILTER_ERRNO"
)

// filteredChild forbids itself bpf(2) with seccomp and becomes what its arguments say.
func filteredChild() {
	runtime.LockOSThread()
	cmd, _ := strconv.Atoi(os.Getenv(filterCmdEnv))
	errno, _ := strconv.Atoi(os.Getenv(filterErrnoEnv))
	answer := uint32(0x00050000 | errno) // SECCOMP_RET_ERRNO
	const allow = 0x7fff0000             // SECCOMP_RET_ALLOW
	const load, equal, ret = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, unix.BPF_RET | unix.BPF_K
	code := []unix.SockFilter{
		{Code: load, K: 0}, // seccomp_data.nr
		{Code: equal, Jf: 3, K: unix.SYS_BPF},
		{Code: load, K: 16}, // the low half of args[0]
		{Code: equal, Jf: 1, K: uint32(cmd)},
		{Code: ret, K: answer},
		{Code: ret, K: allow},
	}
	if cmd == -1 {
		code[2], code[3] = code[4], code[4]
	}
	prog := unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]}
	err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
	if err == nil {
		err = unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&prog)), 0, 0)
	}
	if err == nil {
		os.Unsetenv(otherChildEnv)
		err = syscall.Exec(os.Args[1], os.Args[1:], os.Environ())
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(99)
}

// A seccomp filter that refuses bpf(2), or one command of it, is told apart from
// missing capabilities, with any errno; one that lets it pass is not blamed.
func TestSeccompToldFromCapability(t *testing.T) {
	root := kerneltest.BPFFS(t)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	setpriv, err := exec.LookPath("setpriv")
	if err != nil {
		t.Skip("setpriv is not installed")
	}
	const create, update, prog, pin, freeze, never = 0, 2, 5, 6, 22, 1000
	for _, row := range []struct {
		name  string
		cmd   int
		errno syscall.Errno
		drop  bool // CAP_BPF and CAP_SYS_ADMIN
		want  string
	}{
		{"all", -1, syscall.EPERM, false, "a seccomp filter refuses BPF_OBJ_GET; the kernel is not asked"},
		{"all, without the capability too", -1, syscall.EPERM, true, "a seccomp filter refuses BPF_OBJ_GET"},
		{"all with EACCES", -1, syscall.EACCES, false, "a seccomp filter refuses BPF_OBJ_GET"},
		{"all with ENOSYS", -1, syscall.ENOSYS, false, "a seccomp filter refuses BPF_OBJ_GET"},
		{"maps", create, syscall.EPERM, false, "a seccomp filter refuses BPF_MAP_CREATE"},
		{"programs", prog, syscall.EPERM, false, "a seccomp filter refuses BPF_PROG_LOAD"},
		{"values", update, syscall.EPERM, false, "a seccomp filter refuses BPF_MAP_UPDATE_ELEM"},
		{"freezing", freeze, syscall.EPERM, false, "a seccomp filter refuses BPF_MAP_FREEZE"},
		{"pinning", pin, syscall.EPERM, false, "a seccomp filter refuses BPF_OBJ_PIN"},
		{"nothing, without the capability", never, syscall.EPERM, true, "CAP_BPF"},
	} {
		t.Run(row.name, func(t *testing.T) {
			args := []string{exe, "load", "--pin", filepath.Join(root, "pins"), objects + "globals.o"}
			if row.drop {
				args = append([]string{setpriv, "--bounding-set=-bpf,-sys_admin", "--"}, args...)
			}
			cmd := exec.CommandContext(t.Context(), exe, args...)
			cmd.Env = append(os.Environ(), otherChildEnv+"=filtered", mainEnv+"=1", filterCmdEnv+"="+strconv.Itoa(row.cmd), filterErrnoEnv+"="+strconv.Itoa(int(row.errno)))
			var errs strings.Builder
			cmd.Stderr = &errs
			_ = cmd.Run() // the status is judged
			if code := cmd.ProcessState.ExitCode(); code != exitPrivilege || !strings.Contains(errs.String(), row.want) || !strings.Contains(errs.String(), "hint: ") {
				t.Errorf("status %d: %s", code, errs.String())
			}
			if row.cmd == never && strings.Contains(errs.String(), "seccomp") {
				t.Errorf("the filter is blamed: %s", errs.String())
			}
			if left := tree(t, root); len(left) > 0 {
				t.Errorf("left: %q", left)
			}
		})
	}
}
