package elffile

import (
	"cmp"
	"errors"
	"io"
	"slices"
	"unsafe"

	"github.com/bpfload/bpfload/internal/mapdef"
)

// Image is the bytes of an object file. Of a large file only what is asked for
// is read and kept, because most of what clang -g writes is debug information
// that no loader looks at.
type Image struct {
	size  uint64
	parts []part      // few; they may overlap
	file  io.ReaderAt // where to read from, nil when everything is there
	room  [8]part     // for parts

	source rawFile // where file is one that Open has opened
	opened bool
}

// part is what stands in the file from off on.
type part struct {
	off  uint64
	data []byte
}

// Size is the size of the file in bytes.
func (im *Image) Size() uint64 { return im.size }

// Hold makes im a file that is in memory; raw must not change afterwards.
func (im *Image) Hold(raw []byte) {
	im.size, im.parts = uint64(len(raw)), append(im.room[:0], part{0, raw})
}

// extent is the bytes [from, to).
type extent struct{ from, to uint64 }

// Sizes in bytes.
const (
	wholeBelow = 32 << 10 // smaller files are read at once
	firstPart  = 4 << 10  // of larger ones: the header, and what stands behind it
	readGap    = 8 << 10  // unwanted bytes that are read rather than to begin anew
)

// From makes im a file of that size in bytes, of which only the beginning is read yet. file is
// read from as long as Read is called with the image.
func (im *Image) From(file io.ReaderAt, size int) error {
	im.size, im.file, im.parts = uint64(size), file, im.room[:0]
	if size <= wholeBelow {
		return im.whole()
	}
	return im.need(extent{0, firstPart})
}

// whole reads everything.
func (im *Image) whole() error {
	if im.file == nil {
		return nil
	}
	im.parts = im.parts[:0]
	err := im.read(extent{0, im.size})
	im.file = nil
	return err
}

// need reads the extents, in any order. What lies outside of the file is left to
// those who look there.
func (im *Image) need(want ...extent) error {
	if im.file == nil {
		return nil
	}
	slices.SortFunc(want, func(a, b extent) int { return cmp.Compare(a.from, b.from) })
	var next extent
	for _, w := range want {
		if w.to = min(w.to, im.size); w.from >= w.to {
			continue
		}
		if next.to > 0 && w.from <= next.to+readGap {
			next.to = max(next.to, w.to)
			continue
		}
		if err := im.read(next); err != nil {
			return err
		}
		next = w
	}
	return im.read(next)
}

func (im *Image) read(e extent) error {
	if e.from >= e.to {
		return nil
	}
	for _, p := range im.parts {
		if p.off <= e.from && e.to <= p.off+uint64(len(p.data)) {
			return nil
		}
	}
	data := make([]byte, e.to-e.from) // inside of the file
	n, err := im.file.ReadAt(data, int64(e.from))
	if n == len(data) {
		im.parts = append(im.parts, part{e.from, data})
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF // the file has become shorter
	}
	return &mapdef.Error{Stage: mapdef.StageRead, Kind: mapdef.ErrUsage, Code: "open", Err: err}
}

// span is n bytes from off on, false where they are not in the file or were not
// read.
func (im *Image) span(off, n uint64) ([]byte, bool) {
	for i := range im.parts {
		if p := &im.parts[i]; off >= p.off {
			if b, ok := mapdef.Span(p.data, off-p.off, n); ok {
				return b, true
			}
		}
	}
	return nil, n == 0 && off <= im.size
}

// has tells whether n bytes from off on are in the file.
func (im *Image) has(off, n uint64) bool { return off <= im.size && n <= im.size-off }

// beginning is at least the ELF header, where the file is that long.
func (im *Image) beginning() []byte { return im.parts[0].data }

// raw is the whole file, nil where it was not read.
func (im *Image) raw() []byte {
	b, _ := im.span(0, im.size)
	return b
}

// sameBytes is a part of an image as a string, without a copy: what is read of a file
// does not change, and bytes that are given to Read must not.
func sameBytes(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
