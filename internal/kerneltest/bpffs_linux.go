package kerneltest

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// BPFFSRoot is where bpffs is mounted on every usual system.
const BPFFSRoot = "/sys/fs/bpf"

// BPFFS is a fresh empty directory on bpffs, removed with everything in it when
// the test ends. It calls Require. Where nothing is mounted at BPFFSRoot, it
// mounts bpffs on a temporary directory for the duration of the test.
func BPFFS(t testing.TB) string {
	t.Helper()
	Require(t)
	root := BPFFSRoot
	if !isBPFFS(root) {
		root = t.TempDir()
		if err := unix.Mount("bpffs", root, "bpf", 0, ""); err != nil {
			t.Fatalf("no bpffs at %s, and mounting one on %s: %v", BPFFSRoot, root, err)
		}
		t.Cleanup(func() {
			if err := unix.Unmount(root, unix.MNT_DETACH); err != nil {
				t.Errorf("unmounting %s: %v", root, err)
			}
		})
	}
	dir, err := os.MkdirTemp(root, "bpfload-test-")
	if err != nil {
		t.Fatalf("directory on bpffs: %v", err)
	}
	t.Cleanup(func() {
		if err := removeTree(dir); err != nil {
			t.Errorf("removing %s: %v", dir, err)
		}
	})
	return dir
}

func isBPFFS(dir string) bool {
	var st unix.Statfs_t
	return unix.Statfs(dir, &st) == nil && uint32(st.Type) == unix.BPF_FS_MAGIC
}

// removeTree refuses to remove anything but a directory on bpffs.
func removeTree(dir string) error {
	if !isBPFFS(dir) || filepath.Clean(dir) == BPFFSRoot {
		return &os.PathError{Op: "remove", Path: dir, Err: unix.EINVAL}
	}
	return os.RemoveAll(dir)
}
