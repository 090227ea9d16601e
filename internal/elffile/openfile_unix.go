//go:build unix

package elffile

import (
	"io"
	"io/fs"
	"os"
	"syscall"
)

// rawFile is an open file without the runtime's poller, which costs more to set
// up than the reading of an object.
type rawFile struct {
	fd   int
	path string
}

// openFile opens path for reading. size is that of a regular file, -1 for what
// has none to rely on.
func openFile(path string) (f rawFile, size int64, err error) {
	f.path = path
	for {
		f.fd, err = syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
		if err != syscall.EINTR {
			break
		}
	}
	if err != nil {
		return f, 0, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	var st syscall.Stat_t
	if err := syscall.Fstat(f.fd, &st); err != nil || st.Mode&syscall.S_IFMT != syscall.S_IFREG || st.Size <= 0 {
		return f, -1, nil
	}
	return f, st.Size, nil
}

// ReadAt is that of io.ReaderAt.
func (f rawFile) ReadAt(b []byte, off int64) (done int, err error) {
	for done < len(b) {
		n, err := syscall.Pread(f.fd, b[done:], off+int64(done))
		switch {
		case err == syscall.EINTR:
		case err != nil:
			return done, &fs.PathError{Op: "read", Path: f.path, Err: err}
		case n == 0:
			return done, io.EOF
		default:
			done += n
		}
	}
	return done, nil
}

// stream reads from the beginning to the end and closes f.
func (f rawFile) stream() io.ReadCloser { return os.NewFile(uintptr(f.fd), f.path) }

func (f rawFile) close() { _ = syscall.Close(f.fd) }
