//go:build linux

package main

import (
	"bytes"
	"encoding/binary"
	"testing"
	"time"
)

func TestCovered(t *testing.T) {
	begin := time.Now()
	at := func(ms int) time.Time { return begin.Add(time.Duration(ms) * time.Millisecond) }
	l := newCallLog()
	// Out of order, overlapping, one inside another, one that goes on after the end.
	l.calls = append(l.calls, interval{at(50), at(70)}, interval{at(10), at(30)}, interval{at(20), at(40)}, interval{at(52), at(55)}, interval{at(90), at(200)})
	if got := l.covered(begin, at(100)); got != 60*time.Millisecond {
		t.Errorf("covered %v instead of 60ms", got)
	}
}

// Neighbouring program loads are written longest first, everything else in order.
func TestRecordingOrder(t *testing.T) {
	call := func(cmd uint32, took int) recorded {
		return recorded{cmd: cmd, attr: []byte{byte(took)}, took: time.Duration(took), blobs: []blob{{at: 0, data: make([]byte, took)}}}
	}
	r := &recorder{calls: []recorded{call(mapCreate, 9), call(progLoad, 1), call(progLoad, 3), call(progLoad, 2), call(infoByFD, 8)}}
	raw := r.bytes()
	var order []byte
	for len(raw) > 0 {
		if got := binary.NativeEndian.Uint32(raw[4:]); got != 1 {
			t.Fatalf("attribute of %d bytes", got)
		}
		took := raw[16]
		order = append(order, took)
		if n := binary.NativeEndian.Uint32(raw[28:]); n != uint32(took) {
			t.Errorf("blob of %d bytes instead of %d", n, took)
		}
		raw = raw[32+(int(took)+7)&^7:]
	}
	if !bytes.Equal(order, []byte{9, 3, 2, 1, 8}) {
		t.Errorf("order %v", order)
	}
}

func TestField(t *testing.T) {
	attr := binary.NativeEndian.AppendUint64(nil, 0x1122334455667788)
	if got := field(attr, 0, 8); got != 0x1122334455667788 {
		t.Errorf("%#x", got)
	}
	if got := field(attr, 8, 4); got != 0 {
		t.Errorf("beyond the end: %#x", got)
	}
}
