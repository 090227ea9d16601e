package vm

import (
	"archive/tar"
	"bufio"
	"compress/bzip2"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// arMagic begins an ar archive (deb(5), ar(5)).
const arMagic = "!<arch>\n"

// arHeader is the length of a member's header: name 16, time 12, owner 6,
// group 6, mode 8, size 10 characters, and an end mark of 2.
const arHeader = 60

// maxWindow is the most memory that a package's zstd may ask for.
const maxWindow = 128 << 20

// debFile is a binary package of Debian's form.
type debFile struct{ path string }

// walk calls f for each member of data.tar, until f wants no more.
func (d *debFile) walk(f func(*tar.Header, io.Reader) (more bool, err error)) error {
	file, err := os.Open(d.path)
	if err != nil {
		return input("%w", err)
	}
	defer file.Close()
	name, data, err := arMember(bufio.NewReaderSize(file, 1<<16), "data.tar")
	if err != nil {
		return input("package %q: %w", d.path, err)
	}
	plain, err := decompress(name, data)
	if err != nil {
		return input("package %q: %w", d.path, err)
	}
	defer plain.Close()
	for t := tar.NewReader(plain); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return input("package %q: %s: %w", d.path, name, err)
		}
		more, err := f(h, t)
		if err != nil {
			return input("package %q: %s: %w", d.path, h.Name, err)
		}
		if !more {
			return nil
		}
	}
}

// arMember is the first member of an ar archive whose name begins like that.
func arMember(r io.Reader, prefix string) (name string, data io.Reader, err error) {
	magic := make([]byte, len(arMagic))
	if _, err := io.ReadFull(r, magic); err != nil || string(magic) != arMagic {
		return "", nil, errors.New("no ar archive")
	}
	head := make([]byte, arHeader)
	for {
		if _, err := io.ReadFull(r, head); err != nil {
			return "", nil, errors.New("no " + prefix + ".* in it")
		}
		if string(head[58:]) != "`\n" {
			return "", nil, errors.New("a member's header is broken")
		}
		size, err := strconv.ParseInt(strings.TrimSpace(string(head[48:58])), 10, 64)
		if err != nil || size < 0 {
			return "", nil, errors.New("a member's size is no number")
		}
		name = strings.TrimSuffix(strings.TrimSpace(string(head[:16])), "/")
		if strings.HasPrefix(name, prefix) {
			return name, io.LimitReader(r, size), nil
		}
		if _, err := io.CopyN(io.Discard, r, size+size&1); err != nil {
			return "", nil, io.ErrUnexpectedEOF
		}
	}
}

// decompress reads what the end of the name says: Debian packs with xz, Ubuntu
// with zstd, old packages with gzip.
func decompress(name string, r io.Reader) (io.ReadCloser, error) {
	var plain io.Reader
	var err error
	switch name[strings.LastIndexByte(name, '.')+1:] {
	case "xz":
		plain, err = xz.NewReader(bufio.NewReader(r))
	case "zst":
		var d *zstd.Decoder
		if d, err = zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow)); err == nil {
			return d.IOReadCloser(), nil
		}
	case "gz":
		plain, err = gzip.NewReader(r)
	case "bz2":
		plain = bzip2.NewReader(r)
	case "tar", "ko":
		plain = r
	default:
		return nil, errors.New(name + " is packed in a way that is not known here")
	}
	if err != nil {
		return nil, err
	}
	return io.NopCloser(plain), nil
}
