package elfload

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"runtime/debug"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// become is execve(2) with the descriptors at 3 and up, then the document's.
//
// The numbers from 3 on belong to others in this process, the Go runtime's
// poller among them. So a thread of its own gets a descriptor table of its own,
// renumbers there and executes; credentials are the thread's own as well. When
// execve does not succeed, the thread ends, and nothing has changed for the rest.
func become(o ExecOptions, env []string, fds []int, document []byte) error {
	if document != nil {
		file, err := sealedFile(document)
		if err != nil {
			return handoverError(kindOf(err), "document", "", fmt.Errorf("the file for the document: %w", err))
		}
		defer unix.Close(file)
		fds = append(append([]int(nil), fds...), file)
	}
	defer collectNothing()()
	return onOwnThread(func() error { return becomeOnThread(o, env, fds) })
}

// onOwnThread runs f on a thread that ends with it. It is never the process's
// first one: that thread cannot end, and /proc/self is its view of the process.
func onOwnThread(f func() error) error {
	result := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		if unix.Gettid() != unix.Getpid() {
			result <- f() // never unlocked: the thread ends with the goroutine
			return
		}
		// While this goroutine holds the first thread, another cannot get it.
		defer runtime.UnlockOSThread()
		result <- onOwnThread(f)
	}()
	return <-result
}

func becomeOnThread(o ExecOptions, env []string, fds []int) error {
	if err := ownTable(); err != nil {
		return handoverError(kindOf(err), "descriptors", "", fmt.Errorf("a descriptor table of its own: %w", err))
	}
	if err := setCredentials(o.As); err != nil {
		return err
	}
	if o.NoNewPrivileges {
		if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
			return handoverError(kindOf(err), "no_new_privileges", "", fmt.Errorf("PR_SET_NO_NEW_PRIVS: %w", err))
		}
	}
	back, err := renumber(fds)
	if err == nil {
		if errno := syscall.Exec(o.Path, o.Args, env); errno != nil {
			err = handoverError(ErrExec, "exec", "", fmt.Errorf("%q cannot be executed: %w", o.Path, errno))
		}
	} else {
		err = handoverError(kindOf(err), "descriptors", "", fmt.Errorf("the descriptors cannot be renumbered: %w", err))
	}
	back()
	return err
}

// collectNothing keeps the garbage collector still until its result is called:
// starting the world again, it would poll a descriptor that is the runtime's
// on other threads only.
func collectNothing() (restore func()) {
	percent := debug.SetGCPercent(-1)
	limit := debug.SetMemoryLimit(math.MaxInt64)
	runtime.GC() // ends a collection that is under way
	return func() {
		debug.SetMemoryLimit(limit)
		debug.SetGCPercent(percent)
	}
}

// ownTable gives the calling thread a copy of the descriptor table in which all
// but 0, 1 and 2 are close-on-exec.
func ownTable() error {
	err := unix.CloseRange(3, math.MaxUint32, unix.CLOSE_RANGE_UNSHARE|unix.CLOSE_RANGE_CLOEXEC)
	if !errors.Is(err, unix.ENOSYS) && !errors.Is(err, unix.EINVAL) { // since Linux 5.9, the flag since 5.11
		return err
	}
	if err := unix.Unshare(unix.CLONE_FILES); err != nil {
		return err
	}
	return closeAllOnExec()
}

// closeAllOnExec marks the thread's descriptors from 3 on one by one.
func closeAllOnExec() error {
	dir, err := unix.Open("/proc/thread-self/fd", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(dir)
	buf := make([]byte, 8192)
	for {
		n, err := unix.ReadDirent(dir, buf)
		if err != nil {
			return err
		}
		if n <= 0 {
			return nil
		}
		_, _, names := unix.ParseDirent(buf[:n], -1, nil)
		for _, name := range names {
			fd := 0
			if _, err := fmt.Sscan(name, &fd); err == nil && fd > 2 {
				unix.CloseOnExec(fd)
			}
		}
	}
}

// renumber makes descriptors 3 and up of the thread's own table those of fds,
// which may be any numbers, and lets execve keep them. back undoes it. Between
// the two, the runtime must not look at its own descriptors on this thread.
func renumber(fds []int) (back func(), err error) {
	end := firstPassedFD + len(fds)
	saved := make([]int, len(fds)) // what was at 3+i, noFD for nothing
	high := make([]int, len(fds))
	back = func() {}
	for i, fd := range fds {
		if saved[i], err = dupAbove(firstPassedFD+i, end); err == syscall.EBADF {
			saved[i] = noFD
		} else if err != nil {
			return back, err
		}
		if high[i], err = dupAbove(fd, end); err != nil {
			return back, err
		}
	}
	back = func() {
		for i, fd := range saved {
			if fd == noFD {
				syscall.RawSyscall(syscall.SYS_CLOSE, uintptr(firstPassedFD+i), 0, 0)
			} else {
				syscall.RawSyscall(syscall.SYS_DUP3, uintptr(fd), uintptr(firstPassedFD+i), syscall.O_CLOEXEC)
			}
		}
	}
	for i, fd := range high {
		if _, _, errno := syscall.RawSyscall(syscall.SYS_DUP3, uintptr(fd), uintptr(firstPassedFD+i), 0); errno != 0 {
			return back, errno
		}
	}
	return back, nil
}

// dupAbove is a close-on-exec copy of fd whose number is at least least.
func dupAbove(fd, least int) (int, error) {
	n, _, errno := syscall.RawSyscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_DUPFD_CLOEXEC, uintptr(least))
	if errno != 0 {
		return noFD, errno
	}
	return int(n), nil
}

// setCredentials sets groups, group and user of the calling thread, in this
// order, and clears its ambient capabilities, which execve would keep.
func setCredentials(as *Credentials) error {
	if as == nil {
		return nil
	}
	fail := func(call string, errno syscall.Errno) error {
		e := handoverError(kindOf(errno), "user", "", fmt.Errorf("%s: %w", call, errno))
		if e.Kind == ErrPrivilege {
			e.Hint = "becoming another user takes CAP_SETUID and CAP_SETGID"
		}
		return e
	}
	if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); err != nil && !errors.Is(err, unix.EINVAL) {
		return fail("PR_CAP_AMBIENT_CLEAR_ALL", errnoOf(err))
	}
	// Raw calls are about the calling thread; syscall's own would be about all.
	var groups unsafe.Pointer
	if len(as.Groups) > 0 {
		groups = unsafe.Pointer(&as.Groups[0])
	}
	if _, _, errno := syscall.RawSyscall(sysSetgroups, uintptr(len(as.Groups)), uintptr(groups), 0); errno != 0 {
		return fail("setgroups", errno)
	}
	gid, uid := uintptr(as.GID), uintptr(as.UID)
	if _, _, errno := syscall.RawSyscall(sysSetresgid, gid, gid, gid); errno != 0 {
		return fail("setresgid", errno)
	}
	if _, _, errno := syscall.RawSyscall(sysSetresuid, uid, uid, uid); errno != 0 {
		return fail("setresuid", errno)
	}
	return nil
}

// mfdNoexecSeal is MFD_NOEXEC_SEAL (Linux 6.3): the file will never be executable.
const mfdNoexecSeal = 8

// sealedFile is a file in memory with these bytes that nobody can change. The
// caller closes it.
func sealedFile(content []byte) (fd int, err error) {
	const flags = unix.MFD_CLOEXEC | unix.MFD_ALLOW_SEALING
	fd, err = unix.MemfdCreate("bpfload-map-data", flags|mfdNoexecSeal)
	if errors.Is(err, unix.EINVAL) {
		fd, err = unix.MemfdCreate("bpfload-map-data", flags)
	}
	if err != nil {
		return noFD, err
	}
	for at := 0; at < len(content) && err == nil; {
		n := 0
		n, err = unix.Pwrite(fd, content[at:], int64(at))
		at += n
	}
	if err == nil {
		_, err = unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_SEAL|unix.F_SEAL_SHRINK|unix.F_SEAL_GROW|unix.F_SEAL_WRITE)
	}
	if err != nil {
		unix.Close(fd)
		return noFD, err
	}
	return fd, nil
}
