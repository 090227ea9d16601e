package elffile

import (
	"io"

	"github.com/bpfload/bpfload/internal/mapdef"
)

// maxObject bounds the size in bytes of an object: offsets inside BPF objects
// are 32 bits wide, and nothing that clang writes comes near it.
const maxObject = 1 << 30

// Open reads of the file what Read will look at; it may be a pipe. The file is open
// until Close. A file that cannot be opened is wrong usage, whatever the errno:
// missing privilege speaks of the kernel's.
func (im *Image) Open(path string) error {
	usage := func(err error) error {
		return &mapdef.Error{Stage: mapdef.StageRead, Kind: mapdef.ErrUsage, Code: "open", Err: err}
	}
	f, size, err := openFile(path)
	if err != nil {
		return usage(err)
	}
	if size > maxObject {
		f.close()
		return badFile("too_large", "file is larger than %d bytes", maxObject)
	}
	if size >= 0 {
		im.source, im.opened = f, true
		if err := im.From(&im.source, int(size)); err != nil {
			im.Close()
			return err
		}
		return nil
	}
	stream := f.stream()
	defer stream.Close()
	data, err := io.ReadAll(io.LimitReader(stream, maxObject+1))
	if err != nil {
		return usage(err)
	}
	if len(data) > maxObject {
		return badFile("too_large", "file is larger than %d bytes", maxObject)
	}
	im.Hold(data)
	return nil
}

// Close closes what Open has opened. What was read stays.
func (im *Image) Close() {
	if im.opened {
		im.source.close()
		im.opened = false
	}
}
