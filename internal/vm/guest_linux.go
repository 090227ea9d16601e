package vm

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// wireDevice is the guest's end of the second serial port.
const wireDevice = "/dev/ttyS1"

// Main does nothing outside of a guest. As the first process of one it does what
// the host wants and powers off; it does not return.
func Main() {
	if os.Getpid() != 1 {
		return
	}
	if _, err := os.Stat(configPath); err != nil {
		return
	}
	if err := serve(); err != nil {
		// The console is all that is left.
		fmt.Fprintf(os.Stderr, "\nbpfload-vm: %v\n", err)
	}
	unix.Sync()
	// An emulator that is told not to restart ends.
	_ = unix.Reboot(unix.LINUX_REBOOT_CMD_RESTART)
	select {}
}

// serve sets the guest up, runs the command and tells the host.
func serve() error {
	text, err := os.ReadFile(configPath)
	if err != nil {
		return err
	}
	var c config
	if err := json.Unmarshal(text, &c); err != nil {
		return err
	}
	if err := mountAll(); err != nil {
		return err
	}
	port, err := openWire(wireDevice)
	if err != nil {
		return err
	}
	defer port.Close()
	if _, err := port.WriteString(wireMagic); err != nil {
		return err
	}
	out := &frames{w: port}
	if err := out.sendJSON(frameHello, hello{Release: release()}); err != nil {
		return err
	}
	x := exit{}
	if err := prepare(&c); err != nil {
		x.Err = err.Error()
	} else if err := out.send(frameStart, nil); err != nil {
		return err
	} else if x.Code, err = command(&c, out); err != nil {
		x.Err = err.Error()
	}
	if err := out.sendJSON(frameExit, x); err != nil {
		return err
	}
	return unix.IoctlSetInt(int(port.Fd()), unix.TCSBRK, 1) // tcdrain(3): until all is sent
}

// mount is a file system of the guest. Only those that a kernel may lack, or
// have as a module, are optional. Everything else, /tmp too, is in memory anyway,
// and a mount would hide files of the initramfs.
type mount struct {
	what, at string
	optional bool
}

var mounts = [...]mount{
	{"proc", "/proc", false}, {"sysfs", "/sys", false}, {"devtmpfs", "/dev", false},
	{"bpf", "/sys/fs/bpf", true}, {"debugfs", "/sys/kernel/debug", true}, {"tracefs", "/sys/kernel/tracing", true},
	{"securityfs", "/sys/kernel/security", true}, {"cgroup2", "/sys/fs/cgroup", true},
}

func mountAll() error {
	for _, m := range mounts {
		if err := os.MkdirAll(m.at, 0o755); err != nil && !m.optional {
			return err
		}
		err := unix.Mount(m.what, m.at, m.what, 0, "")
		if err != nil && !m.optional && !errors.Is(err, unix.EBUSY) {
			return fmt.Errorf("mounting %s: %w", m.at, err)
		}
	}
	return errors.Join(os.MkdirAll("/tmp", 0o777), os.MkdirAll("/run", 0o755), os.Chmod("/tmp", 0o777|fs.ModeSticky))
}

// prepare does what does not need telling about unless it fails.
func prepare(c *config) error {
	if err := unix.Setrlimit(unix.RLIMIT_MEMLOCK, &unix.Rlimit{Cur: unix.RLIM_INFINITY, Max: unix.RLIM_INFINITY}); err != nil {
		return fmt.Errorf("limit of locked memory: %w", err)
	}
	_ = unix.Sethostname([]byte("bpfload-vm"))
	_ = loopbackUp()
	for _, file := range c.Modules {
		if err := insert(file); err != nil {
			return fmt.Errorf("module %s: %w", file, err)
		}
	}
	return nil
}

func insert(file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := unix.FinitModule(int(f.Fd()), "", 0); err != nil && !errors.Is(err, unix.EEXIST) {
		return err
	}
	return nil
}

// loopbackUp is what programs that run on lo need.
func loopbackUp() error {
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(s)
	req, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	req.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return unix.IoctlIfreq(s, unix.SIOCSIFFLAGS, req)
}

// openWire opens the serial port and takes everything from it that would
// change bytes.
func openWire(device string) (*os.File, error) {
	f, err := os.OpenFile(device, os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, err
	}
	t, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	if err == nil {
		t.Iflag, t.Oflag, t.Lflag = 0, 0, 0
		t.Cflag = unix.CS8 | unix.CREAD | unix.CLOCAL | unix.B115200
		err = unix.IoctlSetTermios(int(f.Fd()), unix.TCSETS, t)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", device, err), f.Close())
	}
	return f, nil
}

func release() string {
	text, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// command runs the command to its end.
func command(c *config, out *frames) (code int, err error) {
	cmd := exec.Command(c.Args[0], c.Args[1:]...)
	cmd.Env = append([]string{"PATH=/bin:/sbin:/usr/bin:/usr/sbin", "HOME=/tmp", "TERM=dumb"}, c.Env...)
	cmd.Dir = c.Dir
	cmd.Stdout, cmd.Stderr = stream{out, frameStdout}, stream{out, frameStderr}
	err = cmd.Run()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		return 0, err
	}
	if s, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && s.Signaled() {
		return 128 + int(s.Signal()), nil
	}
	return cmd.ProcessState.ExitCode(), nil
}
