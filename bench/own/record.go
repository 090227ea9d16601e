//go:build linux

package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"
	"unsafe"

	"github.com/bpfload/bpfload/bench/timing"
	"github.com/bpfload/bpfload/elfload"
	"github.com/bpfload/bpfload/internal/bpfsys"
)

// callLog collects when calls were made.
type callLog struct {
	mu    sync.Mutex
	calls []interval
}

type interval struct{ begin, end time.Time }

func newCallLog() *callLog { return &callLog{calls: make([]interval, 0, 4096)} }

func (l *callLog) note(o *bpfsys.Observation) {
	l.mu.Lock()
	l.calls = append(l.calls, interval{o.Begin, o.End})
	l.mu.Unlock()
}

// reset forgets what was made before.
func (l *callLog) reset() {
	l.mu.Lock()
	l.calls = l.calls[:0]
	l.mu.Unlock()
}

// covered is how much of the time from begin to end the union of the calls takes.
func (l *callLog) covered(begin, end time.Time) (sum time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	slices.SortFunc(l.calls, func(a, b interval) int { return a.begin.Compare(b.begin) })
	at := begin
	for _, c := range l.calls {
		if c.begin.After(at) {
			at = c.begin
		}
		if c.end.After(end) {
			c.end = end
		}
		if c.end.After(at) {
			sum += c.end.Sub(at)
			at = c.end
		}
	}
	return sum
}

// Commands that are recorded with what they point to (enum bpf_cmd in linux/bpf.h).
const (
	mapCreate      = 0
	mapLookup      = 1
	mapUpdate      = 2
	progLoad       = 5
	objPin         = 6
	objGet         = 7
	infoByFD       = 15
	btfLoad        = 18
	mapUpdateBatch = 26
)

// recorded is one call with copies of what its attribute points to.
type recorded struct {
	cmd    uint32
	result int
	attr   []byte
	blobs  []blob
	took   time.Duration
}

type blob struct {
	at   int // of the pointer in the attribute
	data []byte
}

type recorder struct {
	calls []recorded
	maps  map[uint32][2]int // key and value bytes by descriptor
}

// record loads the object with one job and writes its bpf(2) calls. Neighbouring
// program loads are written with the longest first.
func record(path, file string) int {
	r := &recorder{maps: make(map[uint32][2]int)}
	bpfsys.Observe(r.note)
	c, err := elfload.Load(context.Background(), path, elfload.Options{Jobs: 1})
	if err != nil {
		return answer(0, timing.Times{}, err)
	}
	defer c.Close()
	if err := os.WriteFile(file, r.bytes(), 0o600); err != nil {
		fmt.Fprintln(os.Stderr, "own:", err)
		return 1
	}
	return answer(0, timing.Times{}, nil)
}

func (r *recorder) note(o *bpfsys.Observation) {
	c := recorded{cmd: o.Command, result: o.Result, attr: bytes.Clone(o.Attr), took: o.End.Sub(o.Begin)}
	w := func(at int) uint64 { return field(c.attr, at, 4) }
	out := func(at int, n uint64) { c.copy(at, int(n)) }
	switch o.Command {
	case mapCreate:
		r.maps[uint32(o.Result)] = [2]int{int(w(4)), valueBytes(uint32(w(0)), int(w(8)))}
	case mapLookup, mapUpdate:
		size := r.maps[uint32(w(0))]
		c.copy(8, size[0])
		c.copy(16, size[1])
	case mapUpdateBatch:
		size, n := r.maps[uint32(w(36))], int(w(32))
		c.copy(16, n*size[0])
		c.copy(24, n*size[1])
	case progLoad:
		r.program(&c)
	case objPin, objGet:
		c.text(0)
	case infoByFD:
		c.blobs = append(c.blobs, blob{8, make([]byte, w(4))})
	case btfLoad:
		out(0, w(16))
		out(8, w(20))
	}
	r.calls = append(r.calls, c)
}

// program copies what BPF_PROG_LOAD points to; the numbers are offsets in
// union bpf_attr.
func (r *recorder) program(c *recorded) {
	w := func(at int) int { return int(field(c.attr, at, 4)) }
	insns := c.copy(8, 8*w(4))
	c.text(16)
	c.copy(32, w(28))
	c.copy(80, w(76)*w(88))
	c.copy(96, w(92)*w(104))
	c.copy(128, w(136)*w(116))
	fds := w(148)
	for i := 0; fds == 0 && i+8 <= len(insns); i += 8 {
		if insns[i] == 0x85 && insns[i+1]>>4 == 2 { // a kernel function: off is an index
			fds = max(fds, int(binary.NativeEndian.Uint16(insns[i+2:]))+1)
		}
	}
	c.copy(120, 4*fds)
}

// valueBytes is what an update of such a map reads: values of per-CPU maps
// (hash, array, LRU hash, cgroup storage) have 8-byte steps for each CPU.
func valueBytes(typ uint32, size int) int {
	if slices.Contains([]uint32{5, 6, 10, 21}, typ) {
		cpus, err := bpfsys.PossibleCPUs()
		if err == nil {
			return (size + 7) &^ 7 * cpus
		}
	}
	return size
}

// field is the number of n bytes at that offset, 0 beyond the attribute's end.
func field(attr []byte, at, n int) uint64 {
	var b [8]byte
	if at < len(attr) {
		copy(b[:n], attr[at:])
	}
	return binary.NativeEndian.Uint64(b[:])
}

// copy keeps the n bytes that the pointer at that offset leads to.
func (c *recorded) copy(at, n int) []byte {
	p := field(c.attr, at, 8)
	if p == 0 || n <= 0 {
		return nil
	}
	data := bytes.Clone(unsafe.Slice((*byte)(pointer(p)), n))
	c.blobs = append(c.blobs, blob{at, data})
	return data
}

// text keeps a zero-terminated string.
func (c *recorded) text(at int) {
	p := field(c.attr, at, 8)
	if p == 0 {
		return
	}
	n := 0
	for *(*byte)(unsafe.Add(pointer(p), n)) != 0 {
		n++
	}
	c.copy(at, n+1)
}

// pointer turns an address in an attribute, whose memory the caller keeps in
// place, back into a pointer.
func pointer(address uint64) unsafe.Pointer {
	return *(*unsafe.Pointer)(unsafe.Pointer(&address))
}

func (r *recorder) bytes() []byte {
	for i := 0; i < len(r.calls); {
		n := 1
		for r.calls[i].cmd == progLoad && i+n < len(r.calls) && r.calls[i+n].cmd == progLoad {
			n++
		}
		slices.SortStableFunc(r.calls[i:i+n], func(a, b recorded) int { return int(b.took - a.took) })
		i += n
	}
	var out []byte
	u32 := func(v int) { out = binary.NativeEndian.AppendUint32(out, uint32(v)) }
	padded := func(b []byte) {
		out = append(out, b...)
		for len(out)%8 != 0 {
			out = append(out, 0)
		}
	}
	for _, c := range r.calls {
		u32(int(c.cmd))
		u32(len(c.attr))
		u32(c.result)
		u32(len(c.blobs))
		padded(c.attr)
		for _, b := range c.blobs {
			u32(b.at)
			u32(len(b.data))
			padded(b.data)
		}
	}
	return out
}
