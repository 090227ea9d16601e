package stack

import (
	"testing"
	"unsafe"
)

// TestGrow finds that a deep call after Grow moves nothing, and that the same call
// without it does: a stack that grows is copied to another place.
func TestGrow(t *testing.T) {
	moved := func(grow bool) (moved bool) {
		done := make(chan struct{})
		go func() {
			defer close(done)
			if grow {
				Grow()
			}
			var here byte
			before := uintptr(unsafe.Pointer(&here))
			_ = deep(60)
			moved = uintptr(unsafe.Pointer(&here)) != before
		}()
		<-done
		return moved
	}
	if moved(true) {
		t.Error("the stack grew again")
	}
	grew := false
	for range 100 { // a goroutine may get the large stack of another that has ended
		grew = grew || moved(false)
	}
	if !grew {
		t.Error("the stack never grows: Grow is of no use")
	}
	if fill(make([]byte, 10)) != 5 || use(true) != (frame/2)%256 {
		t.Error("fill")
	}
}

//go:noinline
func deep(n int) byte {
	var room [256]byte
	room[n] = byte(n)
	if n == 0 {
		return room[0]
	}
	return deep(n-1) + room[n]
}
