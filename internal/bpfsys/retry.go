package bpfsys

import "syscall"

// retries bounds how often a call is made when the kernel answers EINTR or
// EAGAIN. The verifier gives EAGAIN when a signal is pending (libbpf tries five
// times; a Go program gets more signals).
const retries = 20

// retrying makes a call until it is neither interrupted nor asked to come back,
// at most retries times. A failed call's result is -1.
func retrying(once func() (int, syscall.Errno)) (int, syscall.Errno) {
	for try := 1; ; try++ {
		r, errno := once()
		if errno == 0 {
			return r, 0
		}
		if errno != syscall.EINTR && errno != syscall.EAGAIN || try == retries {
			return -1, errno
		}
	}
}
