package bpfsys

import (
	"fmt"
	"syscall"

	"github.com/bpfload/bpfload/internal/mapdef"
)

// ExplainProgLoad tells why the kernel answered err to the loading of a. log is
// the verifier's, from a load with LogLevel 1 or more: an empty log means that
// the program was refused before it was verified. It asks sys by loading
// trivial programs with attributes left out, and closes each of them. a's
// descriptors must still be open.
//
// The Kind is ErrVerifier where there is a log, else as for maps.
func ExplainProgLoad(sys Prober, a *ProgAttr, log string, err error) Diagnosis {
	errno := Errno(err)
	if errno == 0 {
		return Diagnosis{Reason: fmt.Sprint(err)}
	}
	if line := lastLine(log); line != "" {
		return Diagnosis{Kind: mapdef.ErrVerifier,
			Reason: fmt.Sprintf("the verifier rejected the program: %s", line)}
	}
	h := sys.Host()
	if h.filter = askFilter(sys, h, cmdProgLoad, errno); h.filter == filterRefuses {
		return filtered(cmdProgLoad)
	}
	e := &progExplainer{sys: sys, a: a, host: h, errno: errno}
	if explain, ok := progErrnos[errno]; ok {
		return explain(e)
	}
	return e.refused()
}

// progExplainer is one failed load under examination.
type progExplainer struct {
	sys   Prober
	a     *ProgAttr
	host  Host
	errno syscall.Errno
}

// progErrnos is what an errno means before the verifier has begun.
var progErrnos = map[syscall.Errno]func(*progExplainer) Diagnosis{
	syscall.EPERM:  (*progExplainer).privilege,
	syscall.ENOSYS: func(e *progExplainer) Diagnosis { return noBPFSyscall(e.host) },
	syscall.E2BIG:  (*progExplainer).tooBig,
	syscall.EAGAIN: (*progExplainer).interrupted,
	syscall.ENOMEM: (*progExplainer).memory,
	ENOTSUPP:       (*progExplainer).notSupported,
}

// kind is the type in words.
func (e *progExplainer) kind() string { return typeText(ProgTypeName(e.a.Type), e.a.Type) }

// try loads the program and closes it.
func (e *progExplainer) try(a ProgAttr) syscall.Errno {
	a.LogLevel, a.LogSize = 0, 0
	fd, _, err := e.sys.ProgLoad(&a)
	if err == nil {
		_ = e.sys.Close(fd)
		return 0
	}
	return Errno(err)
}

// privilege examines EPERM.
func (e *progExplainer) privilege() Diagnosis {
	needs := kindOf(progKinds[:], e.a.Type).needs
	mayDo := len(e.host.lacks(needs)) == 0
	if problems := CheckProg(e.a); mayDo && len(problems) > 0 {
		return invalid(problems) // a tracing program without a target gets EPERM too
	}
	d := e.host.privilege("loading a program of type "+e.kind(), needs, e.a.TokenFD != 0)
	if e.host.Lockdown == "confidentiality" && mayDo {
		d.Reason = "the kernel is locked down (confidentiality), which forbids programs that read kernel memory"
		d.Hint = "Boot with lockdown=none or lockdown=integrity"
	}
	return d
}

// Limits of insn_cnt (BPF_MAXINSNS, BPF_COMPLEXITY_LIMIT_INSNS).
const (
	maxInsnsUnprivileged = 4096
	maxInsns             = 1_000_000
)

// tooBig examines E2BIG.
func (e *progExplainer) tooBig() Diagnosis {
	n := len(e.a.Insns) / insnSize
	d := Diagnosis{Kind: mapdef.ErrBadObject, Attribute: "insn_cnt"}
	switch {
	case n == 0:
		d.Reason = "the program has no instructions"
	case n > maxInsns:
		d.Reason = fmt.Sprintf("the program has %s, the kernel takes at most %d", insnCount(n), maxInsns)
	case n > maxInsnsUnprivileged && releaseBefore(e.host.Release, 5, 2):
		d.Kind = mapdef.ErrNotSupported
		d.Reason = fmt.Sprintf("the program has %s, kernels before 5.2 take at most %d", insnCount(n), maxInsnsUnprivileged)
		d.Hint = "Use Linux 5.2 or newer, or split the program with tail calls"
	case n > maxInsnsUnprivileged && len(e.host.lacks(needBPF)) > 0:
		d.Kind = mapdef.ErrPrivilege
		d.Reason = fmt.Sprintf("the program has %s, without CAP_BPF the kernel takes at most %d", insnCount(n), maxInsnsUnprivileged)
		d.Hint = e.host.capHint(needBPF)
	default:
		d = Diagnosis{Kind: mapdef.ErrNotSupported,
			Reason: fmt.Sprintf("the kernel%s says that the program is too large (%s): it may use more than 64 maps, or the kernel is older than an attribute that is set",
				releaseText(e.host), insnCount(n))}
	}
	return d
}

func (e *progExplainer) interrupted() Diagnosis {
	return Diagnosis{Reason: fmt.Sprintf("the verifier was interrupted by signals %d times and gave up", retries),
		Hint: "Try again, without a profiler"}
}

func (e *progExplainer) memory() Diagnosis {
	d := Diagnosis{Reason: fmt.Sprintf("the kernel has not got the memory to verify or compile the program (%s)", insnCount(len(e.a.Insns)/insnSize)),
		Hint: "Free memory, raise the memory limit of the cgroup, or raise net.core.bpf_jit_limit"}
	if e.host.CgroupMax.Known {
		d.Reason += "; the cgroup's limit is " + Bytes(e.host.CgroupMax.Bytes)
	}
	return d
}

// notSupported examines ENOTSUPP: something of the program needs the JIT
// compiler, or the architecture has not got it.
func (e *progExplainer) notSupported() Diagnosis {
	d := Diagnosis{Kind: mapdef.ErrNotSupported,
		Reason: fmt.Sprintf("the kernel%s does not support something that the program of type %s uses on this architecture: %s",
			releaseText(e.host), e.kind(), ErrnoText(ENOTSUPP))}
	if e.host.JIT.Known && e.host.JIT.Bytes == 0 {
		d.Reason += "; the JIT compiler is off, and calls of kernel functions, trampolines and struct_ops need it"
		d.Hint = "Turn it on: sysctl net.core.bpf_jit_enable=1"
	}
	return d
}
