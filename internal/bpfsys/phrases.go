package bpfsys

import (
	"fmt"
	"strings"
)

// releaseText is " 6.1.0-13-amd64", or "" when the release is unknown.
func releaseText(h Host) string {
	if h.Release == "" {
		return ""
	}
	return " " + h.Release
}

// older tells whether release is before since ("5.8"); false when either is unknown.
func older(release, since string) bool {
	major, minor, ok := parseRelease(since)
	return ok && releaseBefore(release, major, minor)
}

// sinceText is `: it came with Linux 5.8`, or that the feature should be there.
func sinceText(since, release string) string {
	switch {
	case since == "":
		return ""
	case release == "" || older(release, since):
		return ": it came with Linux " + since
	}
	return ", although it came with Linux " + since
}

// sinceHint is what to do about a feature that is missing.
func sinceHint(since, release, what string) string {
	switch {
	case since == "":
		return ""
	case release == "" || older(release, since):
		return "Use Linux " + since + " or newer"
	}
	return "Use a kernel that was configured with " + what
}

// flagSince is the Linux release that brought a bit of map_flags.
func flagSince(bit uint32) string {
	for i := range mapFlags {
		if bit == 1<<i {
			return mapFlags[i].since
		}
	}
	return ""
}

// memlockText is a limit in bytes for people.
func memlockText(n number) string {
	switch {
	case !n.Known:
		return "unknown"
	case n.Bytes == ^uint64(0):
		return "unlimited"
	}
	return Bytes(n.Bytes)
}

// setcapText is "cap_bpf,cap_net_admin".
func setcapText(caps []capability) string {
	names := make([]string, len(caps))
	for i, c := range caps {
		names[i] = strings.ToLower(c.String())
	}
	return strings.Join(names, ",")
}

// lastLine is the last line of a verifier log that says something: not the
// statistics at its end.
func lastLine(log string) string {
	lines := strings.Split(strings.TrimSpace(log), "\n")
	for i := len(lines) - 1; i >= 0; i-- {
		line := strings.TrimSpace(lines[i])
		if line != "" && !isStatistics(line) {
			return line
		}
	}
	return ""
}

// isStatistics tells the lines with which the verifier ends its log.
func isStatistics(line string) bool {
	for _, prefix := range []string{"processed ", "verification time ", "stack depth "} {
		if strings.HasPrefix(line, prefix) {
			return true
		}
	}
	return false
}

// insnCount is "4097 instructions".
func insnCount(n int) string {
	if n == 1 {
		return "1 instruction"
	}
	return fmt.Sprintf("%d instructions", n)
}
