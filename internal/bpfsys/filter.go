package bpfsys

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/bpfload/bpfload/internal/mapdef"
)

// filterVerdict is what is known of seccomp filters and one command of bpf(2).
type filterVerdict int

const (
	filterUnknown filterVerdict = iota // a filter may be what refuses, where there is one
	filterPasses                       // the kernel itself answers the command
	filterRefuses                      // a filter answers the command, the kernel is not asked
)

const seccompFilter = 2 // Seccomp in /proc/PID/status

// askFilter finds out whether the answer errno to a command comes from a seccomp
// filter. A call whose attribute is far too large changes nothing and is what the
// kernel refuses with E2BIG before anything else; only before Linux 6.5 it first
// looks at the capabilities for the two commands that create something, and before
// 5.19 for all (__sys_bpf in kernel/bpf/syscall.c).
func askFilter(sys Prober, h Host, cmd command, errno syscall.Errno) filterVerdict {
	if !h.Seccomp.Known || h.Seccomp.Bytes != seccompFilter {
		return filterPasses
	}
	switch sys.Oversized(int(cmd)) {
	case syscall.E2BIG:
		return filterPasses
	case errno:
	default:
		return filterUnknown
	}
	if errno == syscall.ENOSYS && !h.hasBPF() {
		return filterUnknown
	}
	creates := cmd == cmdMapCreate || cmd == cmdProgLoad
	switch {
	case errno != syscall.EPERM, // the kernel has no such answer to that call
		!h.UserNS && h.CapEff.Known && len(missing(h.CapEff.Bytes, needBPF)) == 0,
		h.UnprivBPF.Known && h.UnprivBPF.Bytes == 0,
		h.Release != "" && !releaseBefore(h.Release, 6, 5),
		h.Release != "" && !releaseBefore(h.Release, 5, 19) && !creates,
		h.Release != "" && !releaseBefore(h.Release, 5, 19) && sys.Oversized(cmdMapLookup) == errno:
		return filterRefuses
	}
	return filterUnknown
}

// hasBPF tells that the kernel is known to have bpf(2): it has the setting.
func (h Host) hasBPF() bool { return h.UnprivBPF.Known }

// filterHint is what to do about a filter.
const filterHint = "Allow bpf in the seccomp profile; for docker, --cap-add BPF does"

// filtered is the diagnosis of a command that a filter answers.
func filtered(cmd command) Diagnosis {
	return Diagnosis{Kind: mapdef.ErrPrivilege, Hint: filterHint,
		Reason: fmt.Sprintf("a seccomp filter refuses %s; the kernel is not asked", cmd)}
}

// ExplainFilter tells whether the command that ended with err was answered by a
// seccomp filter, and what that means. It is for commands about which there is no
// more to say.
func ExplainFilter(sys Prober, err error) (Diagnosis, bool) {
	var call *SyscallError
	if !errors.As(err, &call) {
		return Diagnosis{}, false
	}
	for cmd := range command(cmdTokenCreate + 1) {
		if cmd.String() != call.Command || cmd == cmdMapCreate || cmd == cmdProgLoad {
			continue
		}
		if askFilter(sys, sys.Host(), cmd, call.Errno) == filterRefuses {
			return filtered(cmd), true
		}
	}
	return Diagnosis{}, false
}
