package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/bpfload/bpfload/internal/kerneltest"
)

func init() { children["userns"] = userNSChild }

// bpffsEnv is where the process in the user namespace mounts its bpffs.
const bpffsEnv = "BPFLOAD_TEST_BPFFS"

// userNSChild runs in a user and a mount namespace of its own. It opens a bpffs
// there, lets the parent say on descriptor 3 what is delegated, mounts it and
// becomes what its arguments say.
func userNSChild() {
	check := func(what string, err error) {
		if err != nil {
			fmt.Fprintf(os.Stderr, "user namespace: %s: %v\n", what, err)
			os.Exit(99)
		}
	}
	fs, err := unix.Fsopen("bpf", unix.FSOPEN_CLOEXEC)
	check("fsopen", err)
	check("passing the bpffs", unix.Sendmsg(3, []byte{0}, unix.UnixRights(fs), nil, 0))
	var answer [1]byte
	n, err := unix.Read(3, answer[:])
	if err == nil && n != 1 {
		err = errors.New("the parent could not make it")
	}
	check("delegating", err)
	unix.CloseOnExec(3)
	at, err := unix.Fsmount(fs, unix.FSMOUNT_CLOEXEC, 0)
	check("fsmount", err)
	check("mounting", unix.MoveMount(at, "", unix.AT_FDCWD, os.Getenv(bpffsEnv), unix.MOVE_MOUNT_F_EMPTY_PATH))
	check("clearing the environment", os.Unsetenv(otherChildEnv))
	file, err := exec.LookPath(os.Args[1])
	check("command", err)
	check("exec", syscall.Exec(file, os.Args[1:], os.Environ()))
}

// delegated is what a bpffs delegates, as its mount options.
type delegated struct{ cmds, maps, progs, attachs string }

var everything = delegated{"any", "any", "any", "any"}

// inUserNS runs a command as root of a new user namespace in which a bpffs with
// that delegation is mounted at dir.
func inUserNS(t *testing.T, d delegated, dir string, command ...string) result {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ours, theirs := socketPair(t)
	cmd := exec.CommandContext(t.Context(), exe, command...)
	cmd.Env = append(os.Environ(), otherChildEnv+"=userns", bpffsEnv+"="+dir, mainEnv+"=1")
	cmd.ExtraFiles = []*os.File{theirs}
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{Size: 1}}, GidMappings: []syscall.SysProcIDMap{{Size: 1}}}
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		t.Skipf("no user namespace can be made here: %v", err)
	}
	theirs.Close()
	err = d.give(ours)
	ours.Close()
	_ = cmd.Wait() // the status is judged
	if err != nil && older(t, 6, 9) {
		t.Skipf("this kernel is older than BPF tokens (6.9): %v", err)
	} else if err != nil {
		t.Fatalf("delegating: %v\n%s", err, errs.String())
	}
	return result{code: cmd.ProcessState.ExitCode(), out: out.String(), err: errs.String()}
}

func socketPair(t *testing.T) (ours *net.UnixConn, theirs *os.File) {
	t.Helper()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	file := os.NewFile(uintptr(pair[0]), "ours")
	defer file.Close()
	conn, err := net.FileConn(file)
	if err != nil {
		t.Fatal(err)
	}
	return conn.(*net.UnixConn), os.NewFile(uintptr(pair[1]), "theirs")
}

// give configures and makes the bpffs that comes from the other side, which only
// privilege in the first user namespace can.
func (d delegated) give(conn *net.UnixConn) error {
	rights := make([]byte, unix.CmsgSpace(4))
	var one [1]byte
	_, n, _, _, err := conn.ReadMsgUnix(one[:], rights)
	if err != nil {
		return err
	}
	messages, err := unix.ParseSocketControlMessage(rights[:n])
	if err != nil || len(messages) != 1 {
		return fmt.Errorf("%d messages, %v", len(messages), err)
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil {
		return err
	}
	defer unix.Close(fds[0])
	for _, o := range [...][2]string{{"delegate_cmds", d.cmds}, {"delegate_maps", d.maps}, {"delegate_progs", d.progs}, {"delegate_attachs", d.attachs}} {
		if o[1] == "" {
			continue
		}
		if err := unix.FsconfigSetString(fds[0], o[0], o[1]); err != nil {
			return fmt.Errorf("%s=%s: %w", o[0], o[1], err)
		}
	}
	if err := unix.FsconfigCreate(fds[0]); err != nil {
		return err
	}
	_, err = conn.Write(one[:])
	return err
}

func older(t *testing.T, major, minor int) bool {
	t.Helper()
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		t.Fatal(err)
	}
	var a, b int
	_, _ = fmt.Sscanf(unix.ByteSliceToString(u.Release[:]), "%d.%d", &a, &b) // 0.0 is older than all
	return a < major || a == major && b < minor
}

// With a token, root of a user namespace loads what its bpffs delegates; what it
// does not is named, with the mount option.
func TestToken(t *testing.T) {
	kerneltest.Require(t)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, row := range []struct {
		name string
		give delegated
		args []string // DIR is the bpffs
		code int
		want []string // on stderr
	}{
		{"everything", everything, []string{"--token", "DIR", "order.o"}, 0, nil},
		{"programs with types, tail calls", everything, []string{"--token", "DIR", "tailcall.o"}, 0, nil},
		{"data sections", everything, []string{"--token", "DIR", "globals.o"}, 0, nil},
		{"CO-RE", everything, []string{"--token", "DIR", "core.o"}, 0, nil},
		{"pins", everything, []string{"--token", "DIR", "--pin", "DIR/a", "tailcall.o"}, 0, nil},
		{"the default", everything, []string{"--bpffs", "DIR", "order.o"}, 0, nil},
		{"no token", everything, []string{"--token", "", "--bpffs", "DIR", "order.o"}, exitPrivilege, []string{"the process is in a user namespace", "BPF token (Linux 6.9)"}},
		{"only what is needed", delegated{"map_create:prog_load:btf_load", "hash:array:array_of_maps", "xdp", "xdp"}, []string{"--token", "DIR", "order.o"}, 0, nil},
		{"no types", delegated{"map_create:prog_load", "any", "any", "any"}, []string{"--token", "DIR", "order.o"}, 0,
			[]string{"maps and programs go without", "does not allow BPF_BTF_LOAD"}},
		{"no types where a map needs them", delegated{"map_create:prog_load", "any", "any", "any"}, []string{"--token", "DIR", "--maps-only", "spin_lock.o"}, exitPrivilege,
			[]string{"does not allow BPF_BTF_LOAD", "hint: mount that bpffs with delegate_cmds=btf_load added"}},
		{"no maps", delegated{"prog_load:btf_load", "any", "any", "any"}, []string{"--token", "DIR", "order.o"}, exitPrivilege,
			[]string{"does not allow BPF_MAP_CREATE", "delegate_cmds=map_create added"}},
		{"map type", delegated{"any", "array:array_of_maps", "any", "any"}, []string{"--token", "DIR", "order.o"}, exitPrivilege,
			[]string{`symbol "a"`, "does not allow maps of type hash", "delegate_maps=hash added"}},
		{"no programs", delegated{"map_create:btf_load", "any", "any", "any"}, []string{"--token", "DIR", "order.o"}, exitPrivilege,
			[]string{"does not allow BPF_PROG_LOAD", "delegate_cmds=prog_load added"}},
		{"program type", delegated{"any", "any", "socket_filter:sched_cls", "any"}, []string{"--token", "DIR", "order.o"}, exitPrivilege,
			[]string{`symbol "uses_all"`, "does not allow programs of type xdp", "delegate_progs=xdp added"}},
		{"attach type", delegated{"any", "any", "any", "cgroup_inet_ingress"}, []string{"--token", "DIR", "order.o"}, exitPrivilege,
			[]string{"does not allow attach type xdp", "delegate_attachs=xdp added"}},
		{"none stands for the first attach type", delegated{"any", "any", "any", "xdp"}, []string{"--token", "DIR", "tailcall.o"}, exitPrivilege,
			[]string{"does not allow attach type cgroup_inet_ingress", "delegate_attachs=cgroup_inet_ingress added"}},
		{"nothing", delegated{}, []string{"--token", "DIR", "order.o"}, exitPrivilege, []string{"it delegates nothing", "hint: mount it"}},
		{"nothing, by default", delegated{}, []string{"--bpffs", "DIR", "order.o"}, exitPrivilege, []string{"the process is in a user namespace", "no BPF token of", "it delegates nothing"}},
		{"not the root", everything, []string{"--token", "/proc", "order.o"}, exitUsage, []string{"it is not on bpffs"}},
		{"no such directory", everything, []string{"--token", "DIR/none", "order.o"}, exitUsage, []string{"no BPF token of", "no such file"}},
		{"another user namespace's", everything, []string{"--token", "/sys/fs/bpf", "order.o"}, exitPrivilege, []string{"it belongs to another user namespace"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			if row.name == "another user namespace's" {
				kerneltest.BPFFS(t) // skips nothing, and knows whether there is one
				if st := (unix.Statfs_t{}); unix.Statfs("/sys/fs/bpf", &st) != nil || uint32(st.Type) != unix.BPF_FS_MAGIC {
					t.Skip("no bpffs at /sys/fs/bpf")
				}
			}
			args := []string{exe, "load"}
			for _, a := range row.args {
				if strings.HasSuffix(a, ".o") {
					a = objects + a
				}
				args = append(args, strings.Replace(a, "DIR", dir, 1))
			}
			r := inUserNS(t, row.give, dir, args...)
			if r.code != row.code {
				t.Errorf("status %d, want %d", r.code, row.code)
			}
			for _, want := range row.want {
				if !strings.Contains(r.err, want) {
					t.Errorf("no %q", want)
				}
			}
			if row.want == nil && r.err != "" || t.Failed() {
				t.Errorf("stderr:\n%s", r.err)
			}
		})
	}
}

// The token's path comes from libbpf's variable too, and a bpffs at the usual place
// needs none.
func TestTokenByEnvironment(t *testing.T) {
	kerneltest.Require(t)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	t.Setenv(tokenEnv, dir)
	if r := inUserNS(t, everything, dir, exe, "load", objects+"order.o"); r.code != 0 {
		t.Errorf("status %d: %s", r.code, r.err)
	}
	t.Setenv(tokenEnv, "")
	if r := inUserNS(t, everything, dir, exe, "load", "--bpffs", dir, objects+"order.o"); r.code != exitPrivilege {
		t.Errorf("an empty variable means none: status %d: %s", r.code, r.err)
	}
	if err := os.Unsetenv(tokenEnv); err != nil { // t.Setenv restores it
		t.Fatal(err)
	}
	if _, err := os.Stat("/sys/fs/bpf"); err == nil {
		if r := inUserNS(t, everything, "/sys/fs/bpf", exe, "load", objects+"order.o"); r.code != 0 {
			t.Errorf("at the usual place: status %d: %s", r.code, r.err)
		}
	}
}

// A token changes nothing about capabilities: they are needed in the user
// namespace. In the first one there are no tokens.
func TestTokenAndCapabilities(t *testing.T) {
	kerneltest.Require(t)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	setpriv, err := exec.LookPath("setpriv")
	if err != nil {
		t.Skip("setpriv is not installed")
	}
	dir := t.TempDir()
	for _, row := range []struct{ drop, want string }{
		{"bpf,-sys_admin", "the process has no CAP_BPF in its own"},
		{"net_admin,-sys_admin", "needs CAP_NET_ADMIN in the BPF token's user namespace"},
	} {
		r := inUserNS(t, everything, dir, setpriv, "--bounding-set=-"+row.drop, "--", exe, "load", "--token", dir, objects+"order.o")
		if r.code != exitPrivilege || !strings.Contains(r.err, row.want) || !strings.Contains(r.err, "hint: ") {
			t.Errorf("without %s: status %d: %s", row.drop, r.code, r.err)
		}
	}
	root := filepath.Dir(kerneltest.BPFFS(t))
	bpfload(t, "load", "--token", root, objects+"order.o").want(t, exitUsage, nil, []string{"first user namespace", "hint: leave the token out"})
}
