package kerneltest

import "time"

// Patience is how long Wait waits. What comes in microseconds on an idle machine
// may take seconds on a busy one; a test fails only for what does not come at all.
const Patience = time.Minute

// Wait calls done, ever more seldom, until it is true, and tells whether that was
// so within Patience. It is for what the kernel, another process or another
// goroutine does in its own time.
func Wait(done func() bool) bool {
	end := time.Now().Add(Patience)
	for pause := time.Millisecond; !done(); pause = min(2*pause, 100*time.Millisecond) {
		if time.Now().After(end) {
			return false
		}
		time.Sleep(pause)
	}
	return true
}
