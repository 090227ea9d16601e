package elfload

import (
	"errors"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// What a thread changes of itself must never be the first thread's: /proc/self
// is that thread's view, and it cannot end.
func TestOwnThreadIsNeverTheFirst(t *testing.T) {
	sentinel := errors.New("what f says")
	for range 2000 {
		err := onOwnThread(func() error {
			if unix.Gettid() == unix.Getpid() {
				t.Error("f runs on the process's first thread")
			}
			return sentinel
		})
		if !errors.Is(err, sentinel) {
			t.Fatal(err)
		}
		runtime.Gosched()
	}
}
