package elftest

import "bytes"

// File is a file in memory that counts what is read of it.
type File struct {
	Data  []byte
	Calls int
	Bytes int
}

// ReadAt is that of io.ReaderAt.
func (f *File) ReadAt(b []byte, off int64) (int, error) {
	n, err := bytes.NewReader(f.Data).ReadAt(b, off)
	f.Calls++
	f.Bytes += n
	return n, err
}
