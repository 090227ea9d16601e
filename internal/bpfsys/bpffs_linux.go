package bpfsys

import (
	"os"

	"golang.org/x/sys/unix"
)

// IsBPFFS tells whether dir is on a BPF file system (statfs's f_type).
func IsBPFFS(dir string) (bool, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return false, &os.PathError{Op: "statfs", Path: dir, Err: err}
	}
	return uint32(st.Type) == unix.BPF_FS_MAGIC, nil
}

// KernelVersionCode is LINUX_VERSION_CODE of the running kernel, as it checks it
// in kern_version: major<<16 + minor<<8 + patch, patch at most 255; 0 when the
// release cannot be read.
func KernelVersionCode() uint32 {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return 0
	}
	return versionCode(unix.ByteSliceToString(u.Release[:]))
}

// LockDir opens a directory and locks it (flock(2)) against other callers of
// LockDir. EAGAIN: another has the lock, or the directory was removed while it
// was being locked. Closing the descriptor, or the end of the process, unlocks.
func LockDir(dir string) (fd int, err error) {
	fd, err = unix.Open(dir, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, &os.PathError{Op: "open", Path: dir, Err: err}
	}
	if err := lockHere(fd, dir); err != nil {
		_ = unix.Close(fd)
		return -1, &os.PathError{Op: "lock", Path: dir, Err: err}
	}
	return fd, nil
}

func lockHere(fd int, dir string) error {
	if err := unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return err
	}
	var locked, there unix.Stat_t
	if err := unix.Fstat(fd, &locked); err != nil {
		return err
	}
	if err := unix.Stat(dir, &there); err != nil && err != unix.ENOENT {
		return err
	}
	if locked.Dev != there.Dev || locked.Ino != there.Ino {
		return unix.EAGAIN
	}
	return nil
}
