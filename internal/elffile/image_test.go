package elffile

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/bpfload/bpfload/internal/mapdef"
)

// reads counts what is read of a file.
type reads struct {
	data  []byte
	calls int
	bytes int
}

func (r *reads) ReadAt(b []byte, off int64) (int, error) {
	n, err := bytes.NewReader(r.data).ReadAt(b, off)
	r.calls++
	r.bytes += n
	return n, err
}

func TestNeedJoinsNeighbours(t *testing.T) {
	file := &reads{data: make([]byte, 1<<20)}
	im, err := openedImage(file, len(file.data))
	if err != nil {
		t.Fatal(err)
	}
	file.calls, file.bytes = 0, 0
	err = im.need(extent{500_000, 500_010}, extent{100_000, 100_100}, extent{100_200, 100_300}, extent{7, 7}, extent{2 << 20, 3 << 20}, extent{10, 20})
	if err != nil || file.calls != 2 || file.bytes != 310 {
		t.Errorf("%d reads of %d bytes, %v", file.calls, file.bytes, err)
	}
	if _, ok := im.span(100_050, 200); !ok {
		t.Error("what lies between is not there")
	}
	if _, ok := im.span(600_000, 1); ok {
		t.Error("what was not read is there")
	}
}

// A file that becomes shorter while it is read is an error.
func TestShorterThanItSaid(t *testing.T) {
	im, err := openedImage(&reads{data: make([]byte, 50_000)}, 60_000)
	if err != nil {
		t.Fatal(err)
	}
	err = im.need(extent{45_000, 55_000})
	var e *mapdef.Error
	if !errors.As(err, &e) || e.Code != "open" || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%v", err)
	}
}

func openedImage(file io.ReaderAt, size int) (*Image, error) {
	im := &Image{}
	return im, im.From(file, size)
}
