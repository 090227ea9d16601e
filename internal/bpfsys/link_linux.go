package bpfsys

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// cmdLinkUpdate is BPF_LINK_UPDATE of enum bpf_cmd.
const cmdLinkUpdate = 29

// info reads the union by the link's type (include/uapi/linux/bpf.h).
func (w *linkInfoWire) info() LinkInfo {
	i := LinkInfo{Type: LinkType(w.typ), ID: w.id, ProgID: w.progID}
	switch i.Type {
	case LinkCgroup:
		i.Place, i.AttachType = joinWords(w.words[0], w.words[1]), w.words[2]
	case LinkIter: // target_name, target_name_len, then map_id
		i.Place = uint64(w.words[3])
	case LinkNetNS, LinkTCX, LinkNetkit, LinkSockmap:
		i.Place, i.AttachType = uint64(w.words[0]), w.words[1]
	case LinkXDP, LinkOps:
		i.Place = uint64(w.words[0])
	}
	return i
}

// errNotLink: information about a map or program would pass for a link's.
var errNotLink = errors.New("not a BPF link")

// checkLink refuses a descriptor of something else, where /proc tells.
func checkLink(fd int) error {
	what, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
	if err == nil && !strings.Contains(strings.ReplaceAll(what, "-", "_"), "bpf_link") {
		return errNotLink
	}
	return nil
}

// joinWords is the 64-bit number that lies in two neighbouring words.
func joinWords(first, second uint32) uint64 {
	var b [8]byte
	binary.NativeEndian.PutUint32(b[:], first)
	binary.NativeEndian.PutUint32(b[4:], second)
	return binary.NativeEndian.Uint64(b[:])
}

// GetLinkInfo describes the link that fd is (Linux 5.8).
func GetLinkInfo(fd int) (LinkInfo, error) {
	if err := checkLink(fd); err != nil {
		return LinkInfo{}, err
	}
	var w linkInfoWire
	if err := getInfo(fd, &w); err != nil {
		return LinkInfo{}, err
	}
	return w.info(), nil
}

// LinkUpdate has the link run another program from now on, in one step: none of
// what it is attached to sees neither or both (Linux 5.7). EINVAL or ENOTSUPP: it
// is of a type that cannot.
func LinkUpdate(link, prog int) error {
	if _, errno := call(cmdLinkUpdate, &linkUpdateAttr{linkFD: uint32(link), newProgFD: uint32(prog)}); errno != 0 {
		return &SyscallError{"BPF_LINK_UPDATE", []Arg{num("link_fd", link), num("new_prog_fd", prog)}, errno}
	}
	return nil
}

// CgroupID is the id of the cgroup whose directory path is: its inode number
// (kernfs, on 64-bit machines).
func CgroupID(path string) (uint64, error) {
	return inodeOn(path, unix.CGROUP2_SUPER_MAGIC, "a directory of a cgroup2 file system")
}

// NetNSID is the inode number of the network namespace that path is.
func NetNSID(path string) (uint64, error) {
	return inodeOn(path, unix.NSFS_MAGIC, "a network namespace")
}

// inodeOn is the inode number of a path on a file system of one kind.
func inodeOn(path string, magic uint32, what string) (uint64, error) {
	var fs unix.Statfs_t
	if err := unix.Statfs(path, &fs); err != nil {
		return 0, &os.PathError{Op: "statfs", Path: path, Err: err}
	}
	if uint32(fs.Type) != magic {
		return 0, fmt.Errorf("%q is not %s", path, what)
	}
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil {
		return 0, &os.PathError{Op: "stat", Path: path, Err: err}
	}
	return st.Ino, nil
}
