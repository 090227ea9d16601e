package bpfsys

import (
	"fmt"
	"syscall"

	"github.com/bpfload/bpfload/internal/mapdef"
)

// privilege examines EPERM.
func (e *mapExplainer) privilege() Diagnosis {
	if e.a.Flags&FlagZeroSeed != 0 {
		without := *e.a
		without.Flags &^= FlagZeroSeed
		if e.try(without) == 0 {
			return Diagnosis{mapdef.ErrPrivilege, "map_flags",
				"the kernel refuses BPF_F_ZERO_SEED to a process without CAP_SYS_ADMIN", flagPrivilege(FlagZeroSeed)}
		}
	}
	needs := kindOf(mapKinds[:], e.a.Type).needs
	what := fmt.Sprintf("creating a map of type %s", e.kind())
	if e.a.Ifindex != 0 {
		needs, what = []capability{capSysAdmin}, "creating a map on a network device"
	}
	d := e.host.privilege(what, needs, e.a.TokenFD != 0)
	if e.host.chargesMemlock() {
		small := MapAttr{Type: mapArray, KeySize: 4, ValueSize: 4, MaxEntries: 1, TokenFD: e.a.TokenFD}
		if e.try(small) == 0 && len(e.host.lacks(needs)) == 0 {
			d.Attribute = "max_entries"
			d.Reason = fmt.Sprintf("the map needs more locked memory than RLIMIT_MEMLOCK allows (%s)%s",
				memlockText(e.host.Memlock), e.memoryText())
			d.Hint = memlockHint
		}
	}
	return d
}

const memlockHint = "Raise the limit: ulimit -l unlimited, or LimitMEMLOCK=infinity in the systemd unit"

func flagPrivilege(flag uint32) string {
	if flag == FlagZeroSeed {
		return "Drop BPF_F_ZERO_SEED, or run as root"
	}
	return "Run as root"
}

// lacks is the capabilities that the process misses for something that needs
// them, as far as that is known.
func (h Host) lacks(needs []capability) []capability {
	if !h.CapEff.Known {
		return nil
	}
	if releaseBefore(h.Release, 5, 8) && len(needs) > 0 {
		return missing(h.CapEff.Bytes, []capability{capSysAdmin})
	}
	if h.UnprivBPF.Known && h.UnprivBPF.Bytes != 0 && len(needs) == 0 {
		needs = needBPF
	}
	return missing(h.CapEff.Bytes, needs)
}

// chargesMemlock tells whether BPF memory counts against RLIMIT_MEMLOCK and
// the limit is finite.
func (h Host) chargesMemlock() bool {
	return releaseBefore(h.Release, 5, 11) && h.Memlock.Known && h.Memlock.Bytes != ^uint64(0)
}

// privilege is the diagnosis of EPERM for what ("loading a program of type
// xdp"), from the state of the process: every reason that holds, the most
// certain first. With a token, which is taken to allow it, capabilities count in the
// process's own user namespace.
func (h Host) privilege(what string, needs []capability, token bool) Diagnosis {
	d := Diagnosis{Kind: mapdef.ErrPrivilege}
	var reasons []string
	add := func(hint, format string, args ...any) {
		reasons = append(reasons, fmt.Sprintf(format, args...))
		if d.Hint == "" {
			d.Hint = hint
		}
	}
	lacks := h.lacks(needs)
	if len(lacks) > 0 {
		switch {
		case h.UserNS && token:
			add("Keep them in the user namespace", "%s needs %s in the BPF token's user namespace, and the process has not got it (CapEff %#x)",
				what, capList(lacks), h.CapEff.Bytes)
		case h.UserNS:
			add("Run outside of the user namespace (container), or pass a BPF token (Linux 6.9)",
				"%s needs %s in the initial user namespace, and the process is in another one", what, capList(lacks))
		default:
			add(h.capHint(lacks), "%s needs %s, and the process has not got it (CapEff %#x)",
				what, capList(lacks), h.CapEff.Bytes)
		}
		if h.UnprivBPF.Known && h.UnprivBPF.Bytes != 0 && len(needs) == 0 {
			add("", "kernel.unprivileged_bpf_disabled is %d, so nothing is allowed without CAP_BPF", h.UnprivBPF.Bytes)
		}
	} else if h.UserNS && !token {
		add("Run outside of the user namespace (container), or pass a BPF token (Linux 6.9)",
			"the process is in a user namespace, and its capabilities count for nothing with bpf(2) there")
	}
	if h.Seccomp.Known && h.Seccomp.Bytes != 0 && h.filter != filterPasses {
		add(filterHint, "a seccomp filter is active (Seccomp %d), which may refuse bpf(2)", h.Seccomp.Bytes)
	}
	if len(lacks) == 0 && h.chargesMemlock() {
		add(memlockHint, "RLIMIT_MEMLOCK is %s, and kernels before 5.11 charge BPF memory to it", memlockText(h.Memlock))
	}
	if len(reasons) == 0 {
		add("Look for a refusal in the audit log (SELinux, AppArmor, a BPF LSM program)",
			"%s was refused although the process seems to have every capability: a security module may forbid it", what)
	}
	d.Reason = join(reasons)
	return d
}

// capHint says how to get capabilities.
func (h Host) capHint(lacks []capability) string {
	if h.CapBnd.Known && len(missing(h.CapBnd.Bytes, lacks)) > 0 {
		return "The bounding set lacks them too: start the service or container with them, or as privileged"
	}
	return "Run as root, or give them to the command: setcap " + setcapText(lacks) + "+ep FILE"
}

// noBPFSyscall is the diagnosis of ENOSYS.
func noBPFSyscall(h Host) Diagnosis {
	d := Diagnosis{Kind: mapdef.ErrNotSupported,
		Reason: "the kernel" + releaseText(h) + " has no bpf(2) (CONFIG_BPF_SYSCALL)",
		Hint:   "Use a kernel with CONFIG_BPF_SYSCALL=y"}
	if h.Seccomp.Known && h.Seccomp.Bytes != 0 && h.filter != filterPasses {
		d.Kind = mapdef.ErrPrivilege
		d.Reason = "bpf(2) is answered with ENOSYS, and a seccomp filter is active, which may do that"
		d.Hint = "Allow bpf in the seccomp profile"
	}
	return d
}

// memory examines ENOMEM.
func (e *mapExplainer) memory() Diagnosis {
	d := Diagnosis{Reason: "the kernel has not got the memory for the map" + e.memoryText(),
		Hint: "Make max_entries or value_size smaller, or raise the memory limit of the cgroup"}
	base, ok := minimalMap(e.a, e.host.PageSize)
	if !ok {
		return d
	}
	defer e.openInner(&base)()
	if e.try(base) == syscall.ENOMEM {
		d.Reason = "the kernel has no memory even for the smallest map of type " + e.kind() + e.memoryText()
		return d
	}
	d.Attribute = "max_entries"
	if len(CheckMap(e.a, e.host.PageSize)) == 0 && e.a.ValueSize > e.a.MaxEntries {
		d.Attribute = "value_size"
	}
	return d
}

// memoryText is what the map asks for and what there is: `; it asks for 3.7 GiB
// (max_entries 1000, value_size 4000000), 1.2 GiB are available`.
func (e *mapExplainer) memoryText() string {
	asks := MapMemory(e.a, e.host.CPUs)
	if asks == 0 {
		return ""
	}
	text := fmt.Sprintf("; it asks for %s (max_entries %d, key_size %d, value_size %d", Bytes(asks),
		e.a.MaxEntries, e.a.KeySize, e.a.ValueSize)
	if ValueBytes(e.a.Type, 8, 2) == 16 && e.host.CPUs > 0 {
		text += fmt.Sprintf(", %d CPUs", e.host.CPUs)
	}
	text += ")"
	if e.host.MemAvailable.Known {
		text += ", and " + Bytes(e.host.MemAvailable.Bytes) + " are available"
	}
	if e.host.CgroupMax.Known {
		text += ", the cgroup's limit is " + Bytes(e.host.CgroupMax.Bytes)
	}
	return text
}
