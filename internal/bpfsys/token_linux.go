package bpfsys

import (
	"os"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// TokenCreate makes a BPF token from the bpffs whose root is dir (Linux 6.9).
// ENOENT: the bpffs delegates nothing; EOPNOTSUPP: the process is in the first user
// namespace; EPERM: the bpffs is another user namespace's, or the process has no
// CAP_BPF in its own; EINVAL: dir is not the root of a bpffs, or the kernel
// knows no tokens. A failing open of dir is an *os.PathError. The caller owns the
// descriptor.
func TokenCreate(dir string) (fd int, err error) {
	at, err := unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, &os.PathError{Op: "open", Path: dir, Err: err}
	}
	defer unix.Close(at)
	fd, errno := open(cmdTokenCreate, &tokenAttr{bpffsFD: uint32(at)}, 0)
	if errno != 0 {
		return -1, failed(cmdTokenCreate, errno, text("bpffs", dir))
	}
	return fd, nil
}

// firstUserNS is the inode of the first user namespace (USER_NS_INIT_INO in
// include/uapi/linux/nsfs.h; PROC_USER_INIT_INO since Linux 3.8).
const firstUserNS = 0xeffffffd

// Answers of InUserNS that hold as long as the process does: unshare and setns
// change the user namespace of processes with one thread only, and a Go process has several.
const (
	userNSUnknown = iota
	userNSFirst
	userNSOwn
)

var userNS atomic.Uint32

// InUserNS tells whether the process is in a user namespace other than the
// first; false where that cannot be known.
func InUserNS() bool {
	if known := userNS.Load(); known != userNSUnknown {
		return known == userNSOwn
	}
	if inFirstUserNS() {
		userNS.Store(userNSFirst)
		return false
	}
	var st syscall.Stat_t
	if err := syscall.Stat("/proc/self/ns/user", &st); err != nil {
		return false
	}
	if st.Ino == firstUserNS {
		userNS.Store(userNSFirst)
		return false
	}
	userNS.Store(userNSOwn)
	return true
}

// inFirstUserNS tells cheaply of most processes in the first user namespace, those with
// CAP_SYS_ADMIN, that they are there; false says nothing. The kernel walks the ids of BTF
// for them alone (bpf_obj_get_next_id in the kernel asks capable, which is about the
// first namespace). The way through /proc makes the kernel build an entry for each
// directory of a process that has not been looked at before, a twentieth of a small load.
func inFirstUserNS() bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var sets [2]unix.CapUserData
	if unix.Capget(&header, &sets[0]) != nil || sets[0].Effective&(1<<unix.CAP_SYS_ADMIN) == 0 {
		return false // asking would leave a denial in the audit log
	}
	var w idAttr
	_, errno := callMin(cmdBTFNextID, &w, unsafe.Sizeof(w)) // the kernel's own types have one
	return errno == 0
}
