package bpfsys

import (
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// bpf makes the system call with the first size bytes at attr and gives its
// result, which is a descriptor, a count or 0.
//
// The verifier gives up with EAGAIN at every pending signal, so once interrupted
// it is not left to a profiler's. Not before: to bind a goroutine to its thread is
// to start another thread.
func bpf(cmd command, attr unsafe.Pointer, size uintptr) (r int, errno unix.Errno) {
	once := func() (int, unix.Errno) {
		if observer != nil {
			return observed(cmd, attr, size)
		}
		return rawBPF(cmd, attr, size)
	}
	if cmd != cmdProgLoad {
		return retrying(once)
	}
	if r, errno = once(); errno == unix.EAGAIN || errno == unix.EINTR {
		withoutProfiling(func() { r, errno = retrying(once) })
	}
	return r, errno
}

func rawBPF(cmd command, attr unsafe.Pointer, size uintptr) (int, unix.Errno) {
	r, _, errno := unix.Syscall(unix.SYS_BPF, uintptr(cmd), uintptr(attr), size)
	return int(r), errno
}

// call is bpf with an attribute that is passed up to its last non-zero byte.
func call[T any](cmd command, attr *T) (int, unix.Errno) {
	return callMin(cmd, attr, 0)
}

// callMin is call with at least min bytes: the kernel writes an output field
// only where the attribute that it was given covers it.
func callMin[T any](cmd command, attr *T, min uintptr) (int, unix.Errno) {
	ptr := unsafe.Pointer(attr) // rawBPF's argument list keeps it in place
	return bpf(cmd, ptr, usedSize(ptr, unsafe.Sizeof(*attr), min))
}

// open is callMin for commands whose result is a descriptor.
func open[T any](cmd command, attr *T, min uintptr) (int, unix.Errno) {
	fd, errno := callMin(cmd, attr, min)
	if errno != 0 {
		return -1, errno
	}
	return standardFD(fd)
}

// create is open for commands that charge memory: it raises RLIMIT_MEMLOCK where
// that may be what the kernel complains about.
func create[T any](cmd command, attr *T, min uintptr) (int, unix.Errno) {
	fd, errno := open(cmd, attr, min)
	if errno == unix.EPERM && raiseMemlock() {
		fd, errno = open(cmd, attr, min)
	}
	return fd, errno
}

// Oversized makes the command with an attribute of 1 MiB, more than the page that
// any kernel takes, and gives its errno: E2BIG from the kernel.
func Oversized(cmd int) unix.Errno {
	var attr [16]byte
	_, _, errno := unix.Syscall(unix.SYS_BPF, uintptr(cmd), uintptr(unsafe.Pointer(&attr)), 1<<20)
	return errno
}

// standardFD moves a descriptor of 0, 1 or 2 to a number from 3 on. bpf(2)
// descriptors are close-on-exec already; the copy is too.
func standardFD(fd int) (int, unix.Errno) {
	if fd > 2 {
		return fd, 0
	}
	moved, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 3)
	_ = unix.Close(fd)
	if err != nil {
		return -1, err.(unix.Errno)
	}
	return moved, 0
}

// raiseMemlock lifts RLIMIT_MEMLOCK and tells whether that changed anything.
// Since Linux 5.11 BPF memory is charged to the memory cgroup instead, and
// nothing is changed there.
//
// The rlimit package of cilium/ebpf does the same, but it makes a map when the
// program starts, which commands that need no kernel must not do.
func raiseMemlock() bool {
	var uts unix.Utsname
	if unix.Uname(&uts) != nil || !releaseBefore(nameString(uts.Release[:]), 5, 11) {
		return false
	}
	var old unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_MEMLOCK, &old) != nil || old.Cur == unix.RLIM_INFINITY {
		return false
	}
	infinite := unix.Rlimit{Cur: unix.RLIM_INFINITY, Max: unix.RLIM_INFINITY}
	if unix.Setrlimit(unix.RLIMIT_MEMLOCK, &infinite) == nil {
		return true
	}
	// Without CAP_SYS_RESOURCE the hard limit is the most there is.
	return old.Cur < old.Max &&
		unix.Setrlimit(unix.RLIMIT_MEMLOCK, &unix.Rlimit{Cur: old.Max, Max: old.Max}) == nil
}

// withoutProfiling runs f on one thread with SIGPROF blocked.
func withoutProfiling(f func()) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var set, old unix.Sigset_t
	addSignal(&set, unix.SIGPROF)
	if unix.PthreadSigmask(unix.SIG_BLOCK, &set, &old) == nil {
		defer func() { _ = unix.PthreadSigmask(unix.SIG_SETMASK, &old, nil) }()
	}
	f()
}

// addSignal sets sig's bit; the words of a set are 32 or 64 bits wide.
func addSignal(set *unix.Sigset_t, sig unix.Signal) {
	bits := int(unsafe.Sizeof(set.Val[0])) * 8
	n := int(sig) - 1
	set.Val[n/bits] |= 1 << (n % bits)
}

// Close ends a descriptor that this package returned.
func Close(fd int) error {
	if err := unix.Close(fd); err != nil && err != unix.EINTR {
		return &SyscallError{Command: "close", Args: []Arg{num("fd", fd)}, Errno: err.(unix.Errno)}
	}
	return nil // close(2) has released the descriptor even when it says EINTR
}
