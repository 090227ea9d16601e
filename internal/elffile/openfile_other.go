//go:build !unix

package elffile

import (
	"io"
	"os"
)

// rawFile is an open file.
type rawFile struct{ *os.File }

// openFile opens path for reading. size is that of a regular file, -1 for what
// has none to rely on.
func openFile(path string) (f rawFile, size int64, err error) {
	if f.File, err = os.Open(path); err != nil {
		return f, 0, err
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() <= 0 {
		return f, -1, nil
	}
	return f, info.Size(), nil
}

// stream reads from the beginning to the end and closes f.
func (f rawFile) stream() io.ReadCloser { return f.File }

func (f rawFile) close() { _ = f.File.Close() }
