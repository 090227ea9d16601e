package bpfsys

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/bpfload/bpfload/internal/mapdef"
)

// number is a value that may be unknown; its zero value is.
type number = mapdef.Offset

// Host is what a system says of the calling thread's right to use bpf(2). Everything
// in it may be unknown: nothing is assumed of what could not be read.
type Host struct {
	Release string // kernel release, "6.9.1-generic"; "" when unknown
	// CapEff is the effective capability mask, CapBnd the bounding set.
	CapEff, CapBnd number
	// UserNS is true when the process is in a user namespace other than the
	// first, whose capabilities count for nothing with bpf(2).
	UserNS bool
	// Seccomp is 0 off, 1 strict, 2 filter.
	Seccomp number
	// UnprivBPF is kernel.unprivileged_bpf_disabled: 0 everybody may, 1 or 2
	// only CAP_BPF.
	UnprivBPF number
	// Lockdown is "none", "integrity" or "confidentiality"; "" when unknown.
	Lockdown string
	// Memlock is RLIMIT_MEMLOCK's soft limit in bytes, ^0 for no limit.
	Memlock number
	// MemAvailable is the system's, CgroupMax the process's cgroup's (version 2)
	// limit, in bytes; unknown when there is no limit.
	MemAvailable, CgroupMax number
	JIT                     number // net.core.bpf_jit_enable
	PageSize                uint32
	CPUs                    int // possible CPUs, 0 when unknown
	// filter is about the command that is explained.
	filter filterVerdict
}

// ReadHost reads the state of this process and system.
func ReadHost() Host { return readHost("/") }

// readHost reads the files under root instead.
func readHost(root string) Host {
	read := func(path string) string {
		b, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			return ""
		}
		return strings.TrimSpace(string(b))
	}
	h := Host{PageSize: uint32(os.Getpagesize())}
	h.Release = read("proc/sys/kernel/osrelease")
	h.status(read("proc/thread-self/status"))
	h.UserNS = inUserNS(read("proc/self/uid_map"))
	h.UnprivBPF = parseNumber(read("proc/sys/kernel/unprivileged_bpf_disabled"), 10)
	h.Lockdown = bracketed(read("sys/kernel/security/lockdown"))
	h.Memlock = memlockLimit(read("proc/self/limits"))
	h.JIT = parseNumber(read("proc/sys/net/core/bpf_jit_enable"), 10)
	h.MemAvailable = memAvailable(read("proc/meminfo"))
	if path, ok := cgroupPath(read("proc/self/cgroup")); ok {
		h.CgroupMax = parseNumber(read(filepath.Join("sys/fs/cgroup", path, "memory.max")), 10)
	}
	if n, err := possibleCPUs(root); err == nil {
		h.CPUs = n
	}
	return h
}

// status takes what it needs from /proc/thread-self/status: capabilities belong
// to the thread that makes the call.
func (h *Host) status(text string) {
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch key {
		case "CapEff":
			h.CapEff = parseNumber(value, 16)
		case "CapBnd":
			h.CapBnd = parseNumber(value, 16)
		case "Seccomp":
			h.Seccomp = parseNumber(value, 10)
		}
	}
}

// inUserNS reads /proc/self/uid_map: the first namespace maps every id to itself.
func inUserNS(text string) bool {
	f := strings.Fields(text)
	return len(f) != 0 && (len(f) != 3 || f[0] != "0" || f[1] != "0" || f[2] != "4294967295")
}

// bracketed is the chosen word of "none [integrity] confidentiality".
func bracketed(text string) string {
	_, rest, _ := strings.Cut(text, "[")
	word, _, found := strings.Cut(rest, "]")
	if !found {
		return ""
	}
	return word
}

// memlockLimit reads the soft limit from /proc/self/limits.
func memlockLimit(text string) number {
	const row = "Max locked memory"
	for line := range strings.Lines(text) {
		rest, found := strings.CutPrefix(line, row)
		if !found {
			continue
		}
		f := strings.Fields(rest)
		if len(f) == 0 {
			return number{}
		}
		if f[0] == "unlimited" {
			return mapdef.At(^uint64(0))
		}
		return parseNumber(f[0], 10)
	}
	return number{}
}

// memAvailable reads /proc/meminfo, which counts in KiB.
func memAvailable(text string) number {
	for line := range strings.Lines(text) {
		rest, found := strings.CutPrefix(line, "MemAvailable:")
		if f := strings.Fields(rest); found && len(f) > 0 {
			n := parseNumber(f[0], 10)
			n.Bytes = mul(n.Bytes, 1024)
			return n
		}
	}
	return number{}
}

// cgroupPath reads the version 2 line of /proc/self/cgroup, "0::/system.slice".
func cgroupPath(text string) (string, bool) {
	for line := range strings.Lines(text) {
		if path, found := strings.CutPrefix(line, "0::/"); found {
			return filepath.Clean("/" + strings.TrimSpace(path)), true
		}
	}
	return "", false
}

func parseNumber(text string, base int) number {
	n, err := strconv.ParseUint(text, base, 64)
	if err != nil {
		return number{}
	}
	return mapdef.At(n)
}
