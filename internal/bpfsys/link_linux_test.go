package bpfsys

import (
	"errors"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/bpfload/bpfload/internal/kerneltest"
)

// The union of struct bpf_link_info is read by the link's type.
func TestLinkInfoLayout(t *testing.T) {
	words := [16]uint32{1, 2, 3, 4}
	for _, tt := range []struct {
		typ        LinkType
		place      uint64
		attachType uint32
	}{
		{LinkXDP, 1, 0}, {LinkTCX, 1, 2}, {LinkNetNS, 1, 2}, {LinkNetkit, 1, 2}, {LinkSockmap, 1, 2}, {LinkOps, 1, 0},
		{LinkCgroup, joinWords(1, 2), 3}, {LinkIter, 4, 0}, {1, 0, 0},
	} {
		w := linkInfoWire{typ: uint32(tt.typ), id: 7, progID: 8, words: words}
		if got, want := w.info(), (LinkInfo{tt.typ, 7, 8, tt.place, tt.attachType}); got != want {
			t.Errorf("type %d: %+v, want %+v", tt.typ, got, want)
		}
	}
}

// Information about a map must not pass for a link's.
func TestLinkInfoOfSomethingElse(t *testing.T) {
	kerneltest.Require(t)
	if info, err := GetLinkInfo(mmapable(t)); !errors.Is(err, errNotLink) {
		t.Errorf("a map is the link %+v, %v", info, err)
	}
	if err := LinkUpdate(mmapable(t), mmapable(t)); !errors.Is(err, unix.EINVAL) {
		t.Errorf("a map is updated: %v", err)
	}
}

func TestPlaces(t *testing.T) {
	if _, err := CgroupID(t.TempDir()); err == nil {
		t.Error("a directory is a cgroup")
	}
	if _, err := NetNSID("/dev/null"); err == nil {
		t.Error("/dev/null is a network namespace")
	}
	ino, err := NetNSID("/proc/self/ns/net")
	if errors.Is(err, os.ErrNotExist) {
		t.Skip(err)
	}
	if err != nil || ino == 0 {
		t.Errorf("this network namespace is %d, %v", ino, err)
	}
}
