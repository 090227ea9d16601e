package bpfsys

import (
	"bytes"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Observation is one bpf(2) call that was made.
type Observation struct {
	Command uint32 // enum bpf_cmd
	// Attr is a copy of the attribute, with what the kernel has written there. What it
	// points to may be read until the observer returns.
	Attr       []byte
	Result     int // -1 for a failure
	Begin, End time.Time
}

// observer is told of every call; nil outside of measurements.
var observer func(*Observation)

// Observe has f told of every bpf(2) call of this package, on the goroutine that
// makes it. It is for measurements, and to be called before the first call.
func Observe(f func(*Observation)) { observer = f }

func observed(cmd command, attr unsafe.Pointer, size uintptr) (int, unix.Errno) {
	o := Observation{Command: uint32(cmd), Begin: time.Now()}
	r, errno := rawBPF(cmd, attr, size)
	o.End = time.Now()
	o.Attr = bytes.Clone(unsafe.Slice((*byte)(attr), size)) // so that attributes may be on stacks
	o.Result = r
	if errno != 0 {
		o.Result = -1
	}
	observer(&o)
	return r, errno
}
