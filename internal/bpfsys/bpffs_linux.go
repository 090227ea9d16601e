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
