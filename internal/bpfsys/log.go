package bpfsys

import "syscall"

// Sizes in bytes of log buffers.
const (
	firstLogSize = 64 << 10
	// blindLogMax is the largest buffer tried when the kernel does not say how
	// much it needs; it is the most that kernels before 5.2 take (kernel/bpf/
	// verifier.c, UINT_MAX >> 8).
	blindLogMax = 16<<20 - 1
	// logMax is the most that any kernel takes (UINT_MAX >> 2).
	logMax = 1<<30 - 1
)

// loader makes one system call with a log level and a buffer for the log, both
// zero for no log. trueSize is the length of the whole log with its terminating
// zero, 0 from kernels before 6.4.
type loader func(level uint32, buf []byte) (fd int, trueSize uint32, errno syscall.Errno)

// withLog loads and grows the log buffer until the log fits. A log that fits
// nowhere is cut off, and then what was loaded is loaded once more without one,
// so that the log's length never decides whether something loads.
func withLog(level, size uint32, load loader) (fd int, log string, errno syscall.Errno) {
	if level == 0 {
		fd, _, errno = load(0, nil)
		return fd, "", errno
	}
	if size == 0 {
		size = firstLogSize
	}
	for {
		buf := make([]byte, size)
		var need uint32
		fd, need, errno = load(level, buf)
		log = nameString(buf)
		if errno != syscall.ENOSPC || need != 0 && need <= size {
			return fd, log, errno
		}
		next, ok := grow(size, need)
		if !ok {
			fd, _, errno = load(0, nil)
			return fd, log, errno
		}
		size = next
	}
}

// grow is the next buffer size, given what the kernel asks for (0: not said).
func grow(size, need uint32) (uint32, bool) {
	if need > size {
		return need, need <= logMax
	}
	if size >= blindLogMax {
		return 0, false
	}
	return min(size*4, blindLogMax), true
}
