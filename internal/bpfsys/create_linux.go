package bpfsys

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// MapCreate makes a map. The caller owns the descriptor.
func MapCreate(a *MapAttr) (fd int, err error) {
	w := a.wire()
	fd, errno := create(cmdMapCreate, &w, 0)
	if errno != 0 {
		return -1, &SyscallError{command(cmdMapCreate).String(), a.args(), errno}
	}
	return fd, nil
}

// BTFLoad gives BTF to the kernel. With a log level, log is what the kernel
// said about it, whether it took it or not. The caller owns the descriptor.
func BTFLoad(a *BTFAttr) (fd int, log string, err error) {
	fd, log, errno := withLog(a.LogLevel, a.LogSize, a.load)
	if errno != 0 {
		return -1, log, &SyscallError{command(cmdBTFLoad).String(), a.args(), errno}
	}
	return fd, log, nil
}

// load is one BPF_BTF_LOAD with buf as log buffer.
func (a *BTFAttr) load(level uint32, buf []byte) (fd int, trueSize uint32, errno unix.Errno) {
	var p pinned
	defer p.Unpin()
	w := btfLoadAttr{
		btf: p.bytes(a.Raw), btfSize: uint32(len(a.Raw)),
		logBuf: p.bytes(buf), logSize: uint32(len(buf)), logLevel: level,
		tokenFD: int32(a.TokenFD),
	}
	if a.TokenFD != 0 {
		w.flags = flagTokenFD
	}
	var min uintptr
	if level != 0 {
		min = unsafe.Offsetof(w.trueSize) + unsafe.Sizeof(w.trueSize)
	}
	fd, errno = create(cmdBTFLoad, &w, min)
	return fd, w.trueSize, errno
}

// ProgLoad verifies and loads a program. With a log level, log is the
// verifier's, whether the program was taken or not. Before Linux 6.4 a log that
// is longer than 16 MiB is cut off at its end. The caller owns the descriptor.
func ProgLoad(a *ProgAttr) (fd int, log string, err error) {
	fd, log, errno := withLog(a.LogLevel, a.LogSize, a.load)
	if errno != 0 {
		return -1, log, &SyscallError{command(cmdProgLoad).String(), a.args(), errno}
	}
	return fd, log, nil
}

// load is one BPF_PROG_LOAD with buf as log buffer.
func (a *ProgAttr) load(level uint32, buf []byte) (fd int, trueSize uint32, errno unix.Errno) {
	var p pinned
	defer p.Unpin()
	w := a.wire(&p)
	w.logLevel, w.logSize, w.logBuf = level, uint32(len(buf)), p.bytes(buf)
	var min uintptr
	if level != 0 {
		min = unsafe.Offsetof(w.logTrueSize) + unsafe.Sizeof(w.logTrueSize)
	}
	fd, errno = create(cmdProgLoad, &w, min)
	return fd, w.logTrueSize, errno
}
