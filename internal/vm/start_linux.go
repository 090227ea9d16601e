package vm

import (
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// dieWithParent has the kernel kill the emulator when this process ends, however
// that happens, and keeps a terminal's signals from it: it is ended by whoever
// waits for it.
func dieWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}

// start starts cmd on a thread that stays until it has ended: the kernel means
// the thread when it speaks of a parent that died.
func start(cmd *exec.Cmd) (wait func() error, err error) {
	started, ended := make(chan error), make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		err := cmd.Start()
		started <- err
		if err == nil {
			ended <- cmd.Wait()
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return func() error { return <-ended }, nil
}

// Requests of KVM (linux/kvm.h).
const (
	kvmGetAPIVersion = 0xae00
	kvmCreateVM      = 0xae01
	kvmCreateVCPU    = 0xae41
	kvmAPIVersion    = 12
)

// kvmWorks makes a virtual machine and a processor in it, which shows more than
// that the device is there.
func kvmWorks() bool {
	dev, err := os.OpenFile("/dev/kvm", os.O_RDWR, 0)
	if err != nil {
		return false
	}
	defer dev.Close()
	version, err := unix.IoctlRetInt(int(dev.Fd()), kvmGetAPIVersion)
	if err != nil || version != kvmAPIVersion {
		return false
	}
	machine, err := unix.IoctlRetInt(int(dev.Fd()), kvmCreateVM)
	if err != nil {
		return false
	}
	defer unix.Close(machine)
	cpu, err := unix.IoctlRetInt(machine, kvmCreateVCPU)
	if err != nil {
		return false
	}
	return unix.Close(cpu) == nil
}
