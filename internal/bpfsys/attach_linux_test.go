package bpfsys

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/kerneltest"
)

// mmapable is an array whose values can be mapped.
func mmapable(t *testing.T) int {
	return mustMap(t, &MapAttr{Type: mapArray, KeySize: 4, ValueSize: 8, MaxEntries: 512, Flags: FlagMmapable})
}

func TestMemoryMap(t *testing.T) {
	kerneltest.Require(t)
	fd := mmapable(t)
	memory, err := MemoryMap(fd, 0, 4096)
	if err != nil {
		t.Fatal(err)
	}
	binary.NativeEndian.PutUint64(memory[8:], 77)
	value := make([]byte, 8)
	if err := MapLookup(fd, []byte{1, 0, 0, 0}, value, 0); binary.NativeEndian.Uint64(value) != 77 && binary.NativeEndian.Uint32([]byte{1, 0, 0, 0}) == 1 {
		t.Errorf("element 1 is %x: %v", value, err)
	}
	const at = 0x3210_0000_0000
	again, err := MemoryMap(fd, at, 4096)
	if err != nil {
		t.Fatal(err)
	}
	if binary.NativeEndian.Uint64(again[8:]) != 77 {
		t.Error("the second mapping shows something else")
	}
	if _, err := MemoryMap(fd, at, 4096); !errors.Is(err, unix.EEXIST) {
		t.Errorf("a mapping upon another: %v", err)
	}
	for _, m := range [][]byte{memory, again, nil} {
		if err := MemoryUnmap(m); err != nil {
			t.Error(err)
		}
	}
}

func TestMemoryMapRefused(t *testing.T) {
	kerneltest.Require(t)
	for _, tt := range []struct {
		name       string
		fd         int
		addr, size uint64
		errno      unix.Errno
	}{
		{"no descriptor", -1, 0, 4096, unix.EBADF},
		{"no bytes", mmapable(t), 0, 0, unix.EINVAL},
		{"more than an int holds", mmapable(t), 0, math.MaxUint64, unix.ENOMEM},
		{"crooked address", mmapable(t), 0x3210_0000_0001, 4096, unix.EINVAL},
	} {
		memory, err := MemoryMap(tt.fd, tt.addr, tt.size)
		var e *SyscallError
		if memory != nil || !errors.As(err, &e) || e.Command != "mmap" || !errors.Is(err, tt.errno) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.errno)
		}
	}
}

// A program is opened by its id, and its BTF is what it was loaded with.
func TestProgBTF(t *testing.T) {
	kerneltest.Require(t)
	noLeaks(t)
	b := elftest.NewBTF(binary.NativeEndian)
	fn := b.Func("main", b.FuncProto(b.Int("int", 4, elftest.Signed)), 1)
	raw := b.Bytes()
	types, _, err := BTFLoad(&BTFAttr{Raw: raw})
	if err != nil {
		t.Fatal(err)
	}
	record := binary.NativeEndian.AppendUint32(binary.NativeEndian.AppendUint32(nil, 0), fn)
	with := mustProg(t, &ProgAttr{Type: 1, Insns: exit0, License: "GPL", BTFFD: types, FuncInfo: record, FuncInfoRecSize: 8})
	if err := Close(types); err != nil {
		t.Fatal(err)
	}
	info, err := GetProgInfo(with)
	if err != nil {
		t.Fatal(err)
	}
	fd, err := ProgByID(info.ID)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := ProgBTF(fd); err != nil || !bytes.Equal(got, raw) {
		t.Errorf("%d bytes of BTF instead of %d: %v", len(got), len(raw), err)
	}
	if err := Close(fd); err != nil {
		t.Error(err)
	}
	without := mustProg(t, &ProgAttr{Type: 1, Insns: exit0, License: "GPL"})
	if got, err := ProgBTF(without); got != nil || err != nil {
		t.Errorf("a program without BTF has %d bytes: %v", len(got), err)
	}
	if _, err := ProgBTF(mmapable(t)); err == nil {
		t.Error("a map has BTF of a program")
	}
	if _, err := ProgByID(math.MaxUint32); !errors.Is(err, unix.ENOENT) || !strings.Contains(err.Error(), "prog_id=4294967295") {
		t.Errorf("no such program: %v", err)
	}
}

func TestLinkAndDelete(t *testing.T) {
	kerneltest.Require(t)
	fd := mustMap(t, &MapAttr{Type: mapHash, KeySize: 4, ValueSize: 4, MaxEntries: 1})
	key := []byte{1, 2, 3, 4}
	if err := MapUpdate(fd, key, key, 0); err != nil {
		t.Fatal(err)
	}
	if err := MapDelete(fd, key); err != nil {
		t.Error(err)
	}
	if err := MapDelete(fd, key); !errors.Is(err, unix.ENOENT) || !strings.HasPrefix(err.Error(), "BPF_MAP_DELETE_ELEM(map_fd=") {
		t.Errorf("a second time: %v", err)
	}
	if _, err := LinkStructOps(fd); err == nil || !strings.HasPrefix(err.Error(), "BPF_LINK_CREATE(map_fd=") {
		t.Errorf("a link of a hash: %v", err)
	}
}
