// Package stack spares goroutines the growing of their stacks in small steps.
package stack

// frame is the size in bytes of what Grow asks for. With the 2 or 8 KiB that a
// goroutine begins with, the runtime makes 32 KiB of it, which the reading and loading of
// small objects was not seen to outgrow.
const frame = 20 << 10

// Grow makes the stack of the calling goroutine large at once. It would double in
// four steps otherwise, each of which copies it and looks up every function on it: a fifth of
// what it takes to read a small object in a fresh process (bench/NOTES.md). So it
// is called where few functions are on the stack. Where the stack has that size the
// call costs nothing.
func Grow() { _ = use(false) }

// use gets the room of its frame when it is called, before it looks at its argument.
//
//go:noinline
func use(really bool) byte {
	if !really {
		return 0
	}
	var room [frame]byte
	return fill(room[:])
}

//go:noinline
func fill(b []byte) byte {
	for i := range b {
		b[i] = byte(i)
	}
	return b[len(b)/2]
}
