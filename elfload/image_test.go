package elfload

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"testing"
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

// An object of which only the needed parts were read is the same as one read whole.
func TestPartsAreEnough(t *testing.T) {
	files, err := filepath.Glob("../testdata/objs/*.o")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, path := range files {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		// As long as a large file: a section's worth of debug information behind it.
		long := append(bytes.Clone(raw), make([]byte, 2*wholeBelow)...)
		file := &reads{data: long}
		im, err := openedImage(file, len(long))
		if err != nil {
			t.Fatal(path, err)
		}
		parts, partsErr := (&objectRoom{}).read(im, ReadOptions{Name: "x"})
		whole, wholeErr := Read(long, ReadOptions{Name: "x"})
		if (partsErr == nil) != (wholeErr == nil) || partsErr != nil && partsErr.Error() != wholeErr.Error() {
			t.Errorf("%s: in parts %v, whole %v", path, partsErr, wholeErr)
			continue
		}
		if partsErr != nil {
			continue
		}
		if !reflect.DeepEqual(parts.Maps, whole.Maps) || !reflect.DeepEqual(parts.file.Sections, whole.file.Sections) ||
			!reflect.DeepEqual(parts.file.Relocs, whole.file.Relocs) || len(parts.Programs) != len(whole.Programs) {
			t.Errorf("%s: an object read in parts is another one", path)
		}
		if im.file != nil && file.bytes > len(raw)+2*readGap+firstPart {
			t.Errorf("%s: %d bytes were read of %d", path, file.bytes, len(raw))
		}
	}
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
	var e *Error
	if !errors.As(err, &e) || e.Code != "open" || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%v", err)
	}
}

// A legacy object is read whole: its pins may be named after a hash of it.
func TestLegacyIsReadWhole(t *testing.T) {
	raw, err := os.ReadFile("../testdata/objs/legacy_s20.o")
	if err != nil {
		t.Fatal(err)
	}
	long := append(bytes.Clone(raw), bytes.Repeat([]byte{7}, 2*wholeBelow)...)
	im, err := openedImage(&reads{data: long}, len(long))
	if err != nil {
		t.Fatal(err)
	}
	o, err := (&objectRoom{}).read(im, ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(o.file.Raw, long) {
		t.Errorf("%d of %d bytes are there", len(o.file.Raw), len(long))
	}
}

func openedImage(file io.ReaderAt, size int) (*image, error) {
	im := &image{}
	return im, im.open(file, size)
}
