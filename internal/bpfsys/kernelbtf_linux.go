package bpfsys

import (
	"sync"

	"golang.org/x/sys/unix"
)

// mappedBTF is the kernel's own BTF as the kernel has it in memory (Linux 6.16),
// nil where it cannot be mapped. It is mapped once and stays: it never changes, and
// takes no memory of its own.
var mappedBTF = sync.OnceValue(func() []byte {
	fd, err := unix.Open("/"+btfDir+"/vmlinux", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if unix.Fstat(fd, &st) != nil || st.Size <= 0 || st.Mode&unix.S_IFMT != unix.S_IFREG {
		return nil
	}
	b, err := unix.Mmap(fd, 0, int(st.Size), unix.PROT_READ, unix.MAP_PRIVATE)
	if err != nil {
		return nil
	}
	return b
})
