package bpfsys

import (
	"errors"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/bpfload/bpfload/internal/kerneltest"
)

func TestMapByID(t *testing.T) {
	kerneltest.Require(t)
	noLeaks(t)
	fd := mustMap(t, &MapAttr{Type: mapArray, KeySize: 4, ValueSize: 8, MaxEntries: 1})
	info, err := GetMapInfo(fd)
	if err != nil {
		t.Fatal(err)
	}
	again, err := MapByID(info.ID, FlagRdonly)
	if errors.Is(err, unix.EPERM) {
		t.Skip("opening a map by its id needs CAP_SYS_ADMIN: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer Close(again)
	key, value := make([]byte, 4), make([]byte, 8)
	if err := MapLookup(again, key, value, 0); err != nil {
		t.Errorf("reading: %v", err)
	}
	if err := MapUpdate(again, key, value, 0); !errors.Is(err, unix.EPERM) {
		t.Errorf("writing by a read-only descriptor: %v", err)
	}
	if _, err := MapByID(0xfffffff0, 0); !errors.Is(err, unix.ENOENT) {
		t.Errorf("an id that no map has: %v", err)
	}
}
