package bpfsys

import (
	"strconv"
	"strings"
)

// parseRelease reads the first two numbers of a kernel release such as
// "5.4.0-91-generic" or "6.9".
func parseRelease(s string) (major, minor int, ok bool) {
	first, rest, found := strings.Cut(s, ".")
	if !found {
		return 0, 0, false
	}
	end := 0
	for end < len(rest) && rest[end] >= '0' && rest[end] <= '9' {
		end++
	}
	major, err1 := strconv.Atoi(first)
	minor, err2 := strconv.Atoi(rest[:end])
	return major, minor, err1 == nil && err2 == nil
}

// releaseBefore tells whether a kernel release is older than major.minor; false
// when it cannot be read.
func releaseBefore(release string, major, minor int) bool {
	m, n, ok := parseRelease(release)
	return ok && (m < major || m == major && n < minor)
}
