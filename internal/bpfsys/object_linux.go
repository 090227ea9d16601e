package bpfsys

import (
	"encoding/binary"
	"unsafe"

	"golang.org/x/sys/unix"
)

// failed is the error of a command. Its arguments are put into words, which is not to
// be done for calls that do not fail.
func failed(cmd command, errno unix.Errno, args ...Arg) error {
	return &SyscallError{cmd.String(), args, errno}
}

// MapUpdate writes one element. The kernel reads as many bytes as the map's
// sizes say: key must have key_size bytes (nil for queues, stacks and bloom
// filters), value ValueBytes.
func MapUpdate(fd int, key, value []byte, flags uint64) error {
	return elem(cmdMapUpdate, fd, key, value, flags)
}

// MapUpdateFD writes a descriptor as the element's value: a map's into a map of
// maps, a program's into a program array.
func MapUpdateFD(fd int, key []byte, valueFD int, flags uint64) error {
	var value [4]byte
	binary.NativeEndian.PutUint32(value[:], uint32(valueFD))
	return elem(cmdMapUpdate, fd, key, value[:], flags)
}

// MapLookup reads one element into value, which must have ValueBytes: the
// kernel writes that many.
func MapLookup(fd int, key, value []byte, flags uint64) error {
	return elem(cmdMapLookup, fd, key, value, flags)
}

func elem(cmd command, fd int, key, value []byte, flags uint64) error {
	var p pinned
	defer p.Unpin()
	w := elemAttr{mapFD: uint32(fd), key: p.bytes(key), value: p.bytes(value), flags: flags}
	_, errno := call(cmd, &w)
	if errno == 0 {
		return nil
	}
	return failed(cmd, errno, num("map_fd", fd), Arg{"key", keyText(key)},
		num("value bytes", len(value)), hex("flags", flags))
}

// MapUpdateBatch writes count elements at once. done is how many were written,
// also when there is an error. Kernels before 5.6 answer EINVAL, map types
// without batches ENOTSUPP: then MapUpdate does.
func MapUpdateBatch(fd int, keys, values []byte, count uint32, flags uint64) (done uint32, err error) {
	var p pinned
	defer p.Unpin()
	w := batchAttr{
		keys: p.bytes(keys), values: p.bytes(values), count: count,
		mapFD: uint32(fd), elemFlags: flags,
	}
	_, errno := callMin(cmdMapUpdateBatch, &w, unsafe.Offsetof(w.elemFlags))
	if errno != 0 && w.count == count {
		w.count = 0 // the kernel has not written it: the last element cannot be both written and refused
	}
	if errno == 0 {
		return w.count, nil
	}
	return w.count, failed(cmdMapUpdateBatch, errno, num("map_fd", fd), num("count", count),
		num("key bytes", len(keys)), num("value bytes", len(values)), hex("elem_flags", flags))
}

// MapFreeze forbids user space to change the map from now on (Linux 5.2).
func MapFreeze(fd int) error {
	_, errno := call(cmdMapFreeze, &freezeAttr{mapFD: uint32(fd)})
	if errno == 0 {
		return nil
	}
	return failed(cmdMapFreeze, errno, num("map_fd", fd))
}

// ProgBindMap makes the program hold the map (Linux 5.10).
func ProgBindMap(prog, m int) error {
	_, errno := call(cmdProgBindMap, &bindMapAttr{progFD: uint32(prog), mapFD: uint32(m)})
	if errno == 0 {
		return nil
	}
	return failed(cmdProgBindMap, errno, num("prog_fd", prog), num("map_fd", m))
}

// ObjPin gives the map or program a name on bpffs. EEXIST: path is taken;
// EPERM or EINVAL: path is not on bpffs.
func ObjPin(fd int, path string) error {
	var p pinned
	defer p.Unpin()
	_, errno := call(cmdObjPin, &objAttr{pathname: p.string(path), bpfFD: uint32(fd)})
	if errno == 0 {
		return nil
	}
	return failed(cmdObjPin, errno, text("pathname", path), num("bpf_fd", fd))
}

// ObjGet opens what is pinned at path. flags are BPF_F_RDONLY or BPF_F_WRONLY,
// 0 for both ways. The caller owns the descriptor.
func ObjGet(path string, flags uint32) (fd int, err error) {
	var p pinned
	defer p.Unpin()
	fd, errno := open(cmdObjGet, &objAttr{pathname: p.string(path), fileFlags: flags}, 0)
	if errno != 0 {
		return -1, failed(cmdObjGet, errno, text("pathname", path), hex("file_flags", flags))
	}
	return fd, nil
}
