package bpfsys

import (
	"strconv"
	"strings"
)

// versionCode is KERNEL_VERSION() of a release such as "5.4.0-91-generic".
func versionCode(release string) uint32 {
	major, minor, ok := parseRelease(release)
	if !ok || major < 0 || minor < 0 || major > 255 || minor > 255 {
		return 0
	}
	patch := 0
	if parts := strings.SplitN(release, ".", 3); len(parts) == 3 {
		end := strings.IndexFunc(parts[2], func(r rune) bool { return r < '0' || r > '9' })
		if end < 0 {
			end = len(parts[2])
		}
		if n, err := strconv.ParseUint(parts[2][:end], 10, 64); err == nil {
			patch = int(min(n, 255))
		}
	}
	return uint32(major)<<16 | uint32(minor)<<8 | uint32(patch)
}
