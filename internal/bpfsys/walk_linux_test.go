package bpfsys

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/bpfload/bpfload/internal/kerneltest"
)

// Both ways to walk through a map find every element once.
func TestWalks(t *testing.T) {
	kerneltest.Require(t)
	noLeaks(t)
	const n = 1000
	fd := mustMap(t, &MapAttr{Type: mapHash, KeySize: 4, ValueSize: 8, MaxEntries: n})
	for i := range uint32(n) {
		if err := MapUpdate(fd, u32(i), binary.NativeEndian.AppendUint64(nil, uint64(i)*3), 0); err != nil {
			t.Fatal(err)
		}
	}
	seen := map[uint32]uint64{}
	var key []byte
	for {
		next := make([]byte, 4)
		if err := MapNextKey(fd, key, next); errors.Is(err, unix.ENOENT) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		key = next
		seen[binary.NativeEndian.Uint32(key)]++
	}
	if len(seen) != n {
		t.Errorf("%d keys one by one", len(seen))
	}
	clear(seen)
	at, first, calls := make([]byte, 4), true, 0
	for {
		keys, values := make([]byte, 4*100), make([]byte, 8*100)
		in := at
		if first {
			in = nil
		}
		first = false
		done, err := MapLookupBatch(fd, in, at, keys, values, 100, 0)
		calls++
		for i := range done {
			seen[binary.NativeEndian.Uint32(keys[4*i:])] = binary.NativeEndian.Uint64(values[8*i:])
		}
		if errors.Is(err, unix.ENOENT) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(seen) != n || calls < n/100 {
		t.Errorf("%d keys in %d batches", len(seen), calls)
	}
	for k, v := range seen {
		if v != uint64(k)*3 {
			t.Errorf("element %d is %d", k, v)
		}
	}
}

func TestWalkErrors(t *testing.T) {
	kerneltest.Require(t)
	empty := mustMap(t, &MapAttr{Type: mapHash, KeySize: 4, ValueSize: 8, MaxEntries: 1})
	if err := MapNextKey(empty, nil, make([]byte, 4)); !errors.Is(err, unix.ENOENT) {
		t.Errorf("first key of an empty map: %v", err)
	}
	if n, err := MapLookupBatch(empty, nil, make([]byte, 4), make([]byte, 4), make([]byte, 8), 1, 0); !errors.Is(err, unix.ENOENT) || n != 0 {
		t.Errorf("batch of an empty map: %d, %v", n, err)
	}
	if n, err := MapLookupBatch(-1, nil, make([]byte, 4), make([]byte, 4), make([]byte, 8), 1, 0); !errors.Is(err, unix.EBADF) || n != 0 {
		t.Errorf("batch of no map: %d, %v", n, err)
	}
	if err := WaitRCU(); err != nil && !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOSYS) {
		t.Error(err)
	}
}

func TestExchange(t *testing.T) {
	dir := kerneltest.BPFFS(t)
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	var ids [2]uint32
	for i, path := range []string{a, b} {
		fd := mustMap(t, &MapAttr{Type: mapArray, KeySize: 4, ValueSize: 8, MaxEntries: 1})
		info, err := GetMapInfo(fd)
		if err == nil {
			err = ObjPin(fd, path)
		}
		if err != nil {
			t.Fatal(err)
		}
		ids[i] = info.ID
	}
	if err := Exchange(a, b); err != nil {
		t.Fatal(err)
	}
	fd, err := ObjGet(a, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer Close(fd)
	if info, err := GetMapInfo(fd); err != nil || info.ID != ids[1] {
		t.Errorf("map %d is at %s, want %d, %v", info.ID, a, ids[1], err)
	}
	if err := Exchange(a, filepath.Join(dir, "c")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("with what is not there: %v", err)
	}
}
