package bpfsys

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Commands of bpf(2) that walk through a map.
const (
	cmdMapNextKey     = 4
	cmdMapLookupBatch = 24
)

// MapNextKey writes the key behind key, or the first one for nil or a key that is
// not there, into next, which must have key_size bytes. ENOENT: there is none.
func MapNextKey(fd int, key, next []byte) error {
	var p pinned
	defer p.Unpin()
	w := elemAttr{mapFD: uint32(fd), value: p.bytes(next)}
	if key != nil {
		w.key = p.bytes(key)
	}
	if _, errno := call(cmdMapNextKey, &w); errno != 0 {
		return &SyscallError{"BPF_MAP_GET_NEXT_KEY", []Arg{num("map_fd", fd), {"key", keyText(key)}}, errno}
	}
	return nil
}

// MapLookupBatch reads up to count elements at once. in is where to go on, nil
// for the start, and out, of at least 4 and key_size bytes, becomes the next one's
// in; the two may be the same slice. done is how many elements were read, also
// with ENOENT, which tells that those were the last. ENOSPC: count is less than
// what one bucket of a hash holds. Kernels before 5.6 answer EINVAL, map types
// without batches ENOTSUPP.
func MapLookupBatch(fd int, in, out, keys, values []byte, count uint32, flags uint64) (done uint32, err error) {
	var p pinned
	defer p.Unpin()
	w := batchAttr{outBatch: p.bytes(out), keys: p.bytes(keys), values: p.bytes(values), count: count,
		mapFD: uint32(fd), elemFlags: flags}
	if in != nil {
		w.inBatch = p.bytes(in)
	}
	_, errno := callMin(cmdMapLookupBatch, &w, unsafe.Offsetof(w.elemFlags))
	if errno == 0 {
		return w.count, nil
	}
	if errno != unix.ENOENT {
		w.count = 0
	}
	return w.count, &SyscallError{"BPF_MAP_LOOKUP_BATCH", []Arg{num("map_fd", fd), num("count", count),
		num("key bytes", len(keys)), num("value bytes", len(values)), hex("elem_flags", flags)}, errno}
}

// Exchange swaps two names in one step (Linux 5.16 for bpffs). EINVAL: the file
// system cannot.
func Exchange(a, b string) error {
	for {
		err := unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return &os.LinkError{Op: "exchange", Old: a, New: b, Err: err}
		}
		return nil
	}
}

// membarrierGlobal is MEMBARRIER_CMD_GLOBAL of include/uapi/linux/membarrier.h.
const membarrierGlobal = 1

// WaitRCU waits until every program that was running has ended, except those
// that may sleep (membarrier(2), whose global command is synchronize_rcu()).
func WaitRCU() error {
	if _, _, errno := unix.Syscall(unix.SYS_MEMBARRIER, membarrierGlobal, 0, 0); errno != 0 {
		return &SyscallError{Command: "membarrier", Errno: errno}
	}
	return nil
}
