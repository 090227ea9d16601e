package elffile

import (
	"errors"
	"io"
	"testing"

	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/mapdef"
)

func TestNeedJoinsNeighbours(t *testing.T) {
	file := &elftest.File{Data: make([]byte, 1<<20)}
	im, err := openedImage(file, len(file.Data))
	if err != nil {
		t.Fatal(err)
	}
	file.Calls, file.Bytes = 0, 0
	err = im.need(extent{500_000, 500_010}, extent{100_000, 100_100}, extent{100_200, 100_300}, extent{7, 7}, extent{2 << 20, 3 << 20}, extent{10, 20})
	if err != nil || file.Calls != 2 || file.Bytes != 310 {
		t.Errorf("%d reads of %d bytes, %v", file.Calls, file.Bytes, err)
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
	im, err := openedImage(&elftest.File{Data: make([]byte, 50_000)}, 60_000)
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
