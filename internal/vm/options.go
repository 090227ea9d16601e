package vm

import (
	"io"
	"time"
)

// Self is where the guest has the binary that is its first process.
const Self = "/init"

// Options say what runs in which guest.
type Options struct {
	// Kernel is the file of a bzImage (vmlinuz) or of a Debian package that holds
	// one.
	Kernel string
	// Init is a static Linux binary whose main begins with Main; "" means the
	// running one.
	Init string
	// Args is the command, Args[0] a path in the guest. Self is Init's.
	Args []string
	// Env is added to PATH, HOME and TERM, as NAME=VALUE.
	Env []string
	// Dir is the command's working directory in the guest; "" means /.
	Dir string
	// Files are copied into the guest.
	Files []File
	// Modules are files of kernel modules (.ko, .ko.xz, .ko.zst, .ko.gz), or names
	// of modules that the package in Kernel holds, loaded in this order before the
	// command starts. What a named one depends on is loaded before it.
	Modules []string
	// Cmdline is appended to the kernel's command line.
	Cmdline string
	// MemoryMiB is the guest's memory; 0 means DefaultMemoryMiB.
	MemoryMiB int
	// CPUs is how many processors the guest has; 0 means one, and up to four with
	// KVM.
	CPUs int
	// Timeout ends the guest, boot included; 0 means DefaultTimeout.
	Timeout time.Duration
	// QEMU is the emulator's program; "" means DefaultQEMU on the PATH.
	QEMU string
	// Accel is "kvm", "tcg", or "" for the first of them that works.
	Accel string
	// Stdout and Stderr get the command's output as it comes, Console what the
	// kernel prints; nil means nobody. Result has the first two in any case.
	Stdout, Stderr, Console io.Writer
}

// Defaults of Options.
const (
	DefaultMemoryMiB = 1024
	DefaultTimeout   = 5 * time.Minute
	DefaultQEMU      = "qemu-system-x86_64"
)

// File is one file of the guest, a regular one or a directory with all in it.
type File struct {
	// Host is the file or directory to copy; "" means Data is the contents.
	Host string
	Data []byte
	// Guest is its absolute path there. Directories on the way are made.
	Guest string
	// Mode is the permissions of Data; 0 means 0644. Files of Host keep theirs.
	Mode uint32
}

// Result is how the command ended.
type Result struct {
	// ExitCode is the command's status, 128 plus the number for a signal.
	ExitCode int
	Stdout   []byte
	Stderr   []byte
	// Release is the guest kernel's, as uname says.
	Release string
	// Accel is what emulated the processor: "kvm" or "tcg".
	Accel string
	// Boot is the time until the command started, Time the whole.
	Boot, Time time.Duration
}
