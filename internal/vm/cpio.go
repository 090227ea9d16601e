package vm

import (
	"fmt"
	"io"
	"math"
)

// Types of archive members, the file type bits of st_mode.
const (
	modeDir     = 0o040000
	modeRegular = 0o100000
	modeDevice  = 0o020000 // of characters
)

// archive writes the "newc" form of cpio that the kernel unpacks, as described
// in its Documentation/driver-api/early-userspace/buffer-format.rst: a header of
// 13 numbers of eight hexadecimal digits behind the magic, the name with a NUL,
// the contents, each padded to four bytes. Times are 0: the same files give the
// same bytes.
type archive struct {
	w   io.Writer
	n   int64 // bytes written
	ino uint32
	err error
}

// member is a header.
type member struct {
	name         string // without the leading slash
	mode         uint32
	size         int64
	major, minor uint32 // of a device
}

// write adds a member whose contents are r, which has to give m.size bytes.
func (a *archive) write(m member, r io.Reader) error {
	if a.err != nil {
		return a.err
	}
	if m.size < 0 || m.size > math.MaxUint32 {
		a.err = input("%q has %d bytes, and a cpio archive holds files below 4 GiB", m.name, m.size)
		return a.err
	}
	a.ino++
	a.print(fmt.Sprintf("070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%s\x00", a.ino, m.mode, 0, 0, 1, 0, m.size,
		0, 0, m.major, m.minor, len(m.name)+1, 0, m.name))
	a.pad()
	if m.size > 0 && a.err == nil {
		n, err := io.CopyN(a.w, r, m.size)
		a.n += n
		if err != nil {
			a.err = input("%q: %w", m.name, err)
		}
	}
	a.pad()
	return a.err
}

// close writes the trailer.
func (a *archive) close() error { return a.write(member{name: "TRAILER!!!"}, nil) }

func (a *archive) pad() { a.print("\x00\x00\x00"[:-a.n&3]) }

func (a *archive) print(s string) {
	if a.err == nil && s != "" {
		var n int
		n, a.err = io.WriteString(a.w, s)
		a.n += int64(n)
	}
}
