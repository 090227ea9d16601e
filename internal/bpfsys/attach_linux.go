package bpfsys

import (
	"errors"
	"fmt"
	"math"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Commands of bpf(2) that attach things and find what to attach to.
const (
	cmdMapDelete  = 3
	cmdProgFDByID = 13
	cmdLinkCreate = 28
)

// attachStructOps is BPF_STRUCT_OPS of enum bpf_attach_type.
const attachStructOps = 44

// MapDelete deletes one element; of a struct_ops map without BPF_F_LINK it takes
// back the registration.
func MapDelete(fd int, key []byte) error {
	var p pinned
	defer p.Unpin()
	w := elemAttr{mapFD: uint32(fd), key: p.bytes(key)}
	if _, errno := call(cmdMapDelete, &w); errno != 0 {
		return &SyscallError{"BPF_MAP_DELETE_ELEM", []Arg{num("map_fd", fd), {"key", keyText(key)}}, errno}
	}
	return nil
}

// LinkStructOps registers a struct_ops map that was made with BPF_F_LINK and has
// its value (Linux 6.4). Closing the link takes the registration back. The
// caller owns the descriptor.
func LinkStructOps(m int) (fd int, err error) {
	fd, errno := open(cmdLinkCreate, &linkCreateAttr{mapFD: uint32(m), attachType: attachStructOps}, 0)
	if errno != 0 {
		return -1, &SyscallError{"BPF_LINK_CREATE", []Arg{num("map_fd", m), {"attach_type", "struct_ops"}}, errno}
	}
	return fd, nil
}

// ProgByID opens a loaded program by its id. The caller owns the descriptor.
func ProgByID(id uint32) (fd int, err error) {
	fd, errno := open(cmdProgFDByID, &idAttr{id: id}, 0)
	if errno != 0 {
		return -1, &SyscallError{"BPF_PROG_GET_FD_BY_ID", []Arg{num("prog_id", id)}, errno}
	}
	return fd, nil
}

// BTFData is the raw BTF that fd is.
func BTFData(fd int) ([]byte, error) {
	info, err := GetBTFInfo(fd)
	if err != nil || info.Size == 0 {
		return nil, err
	}
	raw := make([]byte, info.Size)
	var p pinned
	defer p.Unpin()
	w := btfInfoWire{btf: p.bytes(raw), btfSize: info.Size}
	if err := getInfo(fd, &w); err != nil {
		return nil, err
	}
	return raw[:min(w.btfSize, info.Size)], nil
}

// errNotProg: information about a map would pass for a program's.
var errNotProg = errors.New("not a BPF program")

// ProgBTF is the raw BTF that the program was loaded with, nil when there was none.
func ProgBTF(prog int) ([]byte, error) {
	if what, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", prog)); err == nil && what != "anon_inode:bpf-prog" {
		return nil, errNotProg
	}
	info, err := GetProgInfo(prog)
	if err != nil || info.BTFID == 0 {
		return nil, err
	}
	fd, err := BTFByID(info.BTFID)
	if err != nil {
		return nil, err
	}
	raw, err := BTFData(fd)
	if cerr := Close(fd); err == nil {
		err = cerr
	}
	return raw, err
}

// MemoryMap maps the first size bytes of a map into this process, shared, to be
// read and written: at addr exactly, where nothing may be yet (EEXIST), or
// anywhere when addr is 0. The caller ends it with MemoryUnmap.
func MemoryMap(fd int, addr, size uint64) ([]byte, error) {
	flags := unix.MAP_SHARED
	if addr != 0 {
		flags |= unix.MAP_FIXED_NOREPLACE
	}
	fail := func(errno unix.Errno) ([]byte, error) {
		return nil, &SyscallError{"mmap", []Arg{num("fd", fd), hex("addr", addr), num("length", size)}, errno}
	}
	if size > math.MaxInt || uint64(uintptr(addr)) != addr {
		return fail(unix.ENOMEM)
	}
	at, err := unix.MmapPtr(fd, 0, unsafe.Add(nil, uintptr(addr)), uintptr(size), unix.PROT_READ|unix.PROT_WRITE, flags)
	if err != nil {
		return fail(err.(unix.Errno))
	}
	if addr != 0 && uint64(uintptr(at)) != addr { // before Linux 4.17 the flag is unknown, and addr a hint
		_ = unix.MunmapPtr(at, uintptr(size))
		return fail(unix.EEXIST)
	}
	return unsafe.Slice((*byte)(at), int(size)), nil
}

// MemoryUnmap ends what MemoryMap returned; it must not be used any more.
func MemoryUnmap(memory []byte) error {
	if len(memory) == 0 {
		return nil
	}
	if err := unix.MunmapPtr(unsafe.Pointer(&memory[0]), uintptr(len(memory))); err != nil {
		return &SyscallError{"munmap", []Arg{num("length", len(memory))}, err.(unix.Errno)}
	}
	return nil
}
