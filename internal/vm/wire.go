package vm

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
)

// The guest's second serial port carries frames to the host: the kind in one
// byte, the length in four (big endian), then so many bytes. The first one is
// frameHello; everything before its magic is what the firmware or the driver
// may have left on the line.
const (
	frameHello  = 'h' // JSON hello, behind wireMagic: the first process runs
	frameStart  = 's' // empty: the guest is set up, the command starts
	frameStdout = 'o'
	frameStderr = 'e'
	frameExit   = 'x' // JSON exit, the last one
)

const (
	wireMagic = "\n\x02bpfload-vm/1\n"
	maxFrame  = 1 << 20
)

type hello struct {
	Release string `json:"release"`
}

// exit is how the command ended. Err is set where it did not start.
type exit struct {
	Code int    `json:"code"`
	Err  string `json:"error,omitempty"`
}

// frames writes frames, from several goroutines.
type frames struct {
	mu sync.Mutex
	w  io.Writer
}

func (f *frames) send(kind byte, data []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for {
		n := min(len(data), maxFrame)
		head := binary.BigEndian.AppendUint32([]byte{kind}, uint32(n))
		if _, err := f.w.Write(append(head, data[:n]...)); err != nil {
			return err
		}
		if data = data[n:]; len(data) == 0 {
			return nil
		}
	}
}

func (f *frames) sendJSON(kind byte, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return f.send(kind, text)
}

// stream is a writer whose bytes become frames of one kind.
type stream struct {
	to   *frames
	kind byte
}

func (s stream) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if err := s.to.send(s.kind, p); err != nil {
		return 0, err
	}
	return len(p), nil
}

// errWire is a line that carries something else than frames.
var errWire = errors.New("unreadable answer from the guest")

// seekMagic reads to the end of the magic.
func seekMagic(r io.ByteReader) error {
	for at := 0; at < len(wireMagic); {
		b, err := r.ReadByte()
		if err != nil {
			return err
		}
		switch b {
		case wireMagic[at]:
			at++
		case wireMagic[0]:
			at = 1
		default:
			at = 0
		}
	}
	return nil
}

// readFrame reads the next one.
func readFrame(r io.Reader) (kind byte, data []byte, err error) {
	var head [5]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	n := binary.BigEndian.Uint32(head[1:])
	if n > maxFrame {
		return 0, nil, fmt.Errorf("%w: a frame of %d bytes", errWire, n)
	}
	data = make([]byte, n)
	_, err = io.ReadFull(r, data)
	return head[0], data, err
}
