package bpfsys

import (
	"fmt"
	"syscall"
	"testing"
)

// fakeVerifier answers like a kernel whose log has the given length.
type fakeVerifier struct {
	length   uint32 // of the log with its terminating zero
	tells    bool   // log_true_size: Linux 6.4
	result   syscall.Errno
	attempts []string
}

func (v *fakeVerifier) load(level uint32, buf []byte) (int, uint32, syscall.Errno) {
	v.attempts = append(v.attempts, fmt.Sprintf("%d:%d", level, len(buf)))
	if level != 0 {
		n := copy(buf, make([]byte, min(int(v.length)-1, len(buf)-1)))
		for i := range n {
			buf[i] = 'x'
		}
	}
	var size uint32
	if v.tells {
		size = v.length
	}
	if level != 0 && int(v.length) > len(buf) {
		return -1, size, syscall.ENOSPC
	}
	if v.result != 0 {
		return -1, size, v.result
	}
	return 7, size, 0
}

func TestWithLog(t *testing.T) {
	for _, tc := range []struct {
		name     string
		level    uint32
		size     uint32
		v        fakeVerifier
		errno    syscall.Errno
		logLen   int
		attempts string
	}{
		{"no log", 0, 0, fakeVerifier{length: 100}, 0, 0, "[0:0]"},
		{"fits", 1, 0, fakeVerifier{length: 100}, 0, 99, "[1:65536]"},
		{"fits exactly", 1, 100, fakeVerifier{length: 100}, 0, 99, "[1:100]"},
		{"rejected", 2, 0, fakeVerifier{length: 100, result: syscall.EINVAL}, syscall.EINVAL, 99, "[2:65536]"},
		{"grows to what the kernel tells", 1, 0, fakeVerifier{length: 100_000, tells: true}, 0, 99_999, "[1:65536 1:100000]"},
		{"grows blindly", 1, 0, fakeVerifier{length: 300_000}, 0, 299_999, "[1:65536 1:262144 1:1048576]"},
		{"keeps the verdict", 1, 64, fakeVerifier{length: 200, tells: true, result: syscall.EACCES}, syscall.EACCES, 199, "[1:64 1:200]"},
		{"never fits", 1, 4 << 20, fakeVerifier{length: 17 << 20}, 0, blindLogMax - 1, "[1:4194304 1:16777215 0:0]"},
		{"longer than any kernel takes", 1, 64, fakeVerifier{length: 1 << 30, tells: true}, 0, 63, "[1:64 0:0]"},
		{"ENOSPC of another cause", 1, 0, fakeVerifier{length: 10, tells: true, result: syscall.ENOSPC}, syscall.ENOSPC, 9, "[1:65536]"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			fd, log, errno := withLog(tc.level, tc.size, tc.v.load)
			if errno != tc.errno || (errno == 0) != (fd == 7) {
				t.Errorf("fd %d, %v", fd, errno)
			}
			if len(log) != tc.logLen {
				t.Errorf("log of %d bytes, want %d", len(log), tc.logLen)
			}
			if got := fmt.Sprint(tc.v.attempts); got != tc.attempts {
				t.Errorf("attempts %s, want %s", got, tc.attempts)
			}
		})
	}
}
