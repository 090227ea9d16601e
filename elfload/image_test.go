package elfload

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/bpfload/bpfload/internal/elffile"
	"github.com/bpfload/bpfload/internal/elftest"
)

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
		long := append(bytes.Clone(raw), make([]byte, 64<<10)...)
		file := &elftest.File{Data: long}
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
		if file.Bytes < len(long) && file.Bytes > len(raw)+20<<10 {
			t.Errorf("%s: %d bytes were read of %d", path, file.Bytes, len(raw))
		}
	}
}

// A legacy object is read whole: its pins may be named after a hash of it.
func TestLegacyIsReadWhole(t *testing.T) {
	raw, err := os.ReadFile("../testdata/objs/legacy_s20.o")
	if err != nil {
		t.Fatal(err)
	}
	long := append(bytes.Clone(raw), bytes.Repeat([]byte{7}, 64<<10)...)
	im, err := openedImage(&elftest.File{Data: long}, len(long))
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

func openedImage(file io.ReaderAt, size int) (*elffile.Image, error) {
	im := &elffile.Image{}
	return im, im.From(file, size)
}
