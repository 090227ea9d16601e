package bpfsys

import (
	"encoding/binary"
	"fmt"
	"syscall"

	"github.com/bpfload/bpfload/internal/mapdef"
)

// CheckProg tells what every kernel refuses in a before it verifies, from the
// rules of its type (bpf_prog_load and bpf_prog_load_check_attach in
// kernel/bpf/syscall.c). It asks nothing; an empty result promises nothing.
func CheckProg(a *ProgAttr) []Problem {
	var all []Problem
	add := func(attribute, format string, args ...any) {
		all = append(all, Problem{attribute, 0, fmt.Sprintf(format, args...), syscall.EINVAL})
	}
	name := ProgTypeName(a.Type)
	switch {
	case len(a.Insns) == 0:
		all = append(all, Problem{"insn_cnt", 0, "the program has no instructions", syscall.E2BIG})
	case len(a.Insns)%insnSize != 0:
		add("insn_cnt", "%d bytes are no whole number of instructions of 8 bytes", len(a.Insns))
	}
	if want, ok := needsTarget[a.Type]; ok && a.AttachBTFID == 0 {
		add("attach_btf_id", "programs of type %s need %s as target, and none is set", name, want)
	} else if !ok && a.AttachBTFID != 0 && a.Type < uint32(len(progKinds)) {
		add("attach_btf_id", "programs of type %s take no BTF target, and attach_btf_id is %d", name, a.AttachBTFID)
	}
	if a.AttachProgFD != 0 && a.Type != progTracing && a.Type != progExt {
		add("attach_prog_fd", "only tracing and ext programs attach to a program")
	}
	if a.AttachProgFD != 0 && a.AttachBTFObjFD != 0 {
		add("attach_btf_obj_fd", "a target is in a program or in a module, not in both")
	}
	if types, ok := attachTypes[a.Type]; ok && !contains(types, a.AttachType) {
		add("expected_attach_type", "programs of type %s need expected_attach_type %s, not %d", name, orList(types), a.AttachType)
	}
	if a.BTFFD == 0 && (len(a.FuncInfo) > 0 || len(a.LineInfo) > 0) {
		add("prog_btf_fd", "func_info and line_info need BTF")
	}
	for _, p := range checkName(a.Name) {
		add("prog_name", "%s", p.Reason)
	}
	return all
}

func contains(all []uint32, n uint32) bool {
	for _, v := range all {
		if v == n {
			return true
		}
	}
	return false
}

// needsTarget is the types that attach to something that BTF describes.
var needsTarget = map[uint32]string{
	progTracing:   "a kernel function, tracepoint or iterator",
	progStructOps: "a struct_ops structure",
	progExt:       "a function of another program",
	progLSM:       "an LSM hook",
}

// attachTypes is the values of expected_attach_type that a type may be loaded
// with; types that are not listed are not checked then.
var attachTypes = map[uint32][]uint32{
	8:       {0, 1},             // cgroup_skb: ingress, egress
	9:       {0, 2, 34, 12, 13}, // cgroup_sock: create (also 0), release, post_bind
	18:      {8, 9, 10, 11, 14, 15, 19, 20, 29, 30, 31, 32, 49, 50, 51, 52, 53},
	21:      {0, 39, 40}, // sk_reuseport: select (also 0), select_or_migrate
	25:      {21, 22},    // cgroup_sockopt: get, set
	30:      {36},        // sk_lookup
	31:      {0},         // syscall
	32:      {45},        // netfilter
	progExt: {0},
}

// trivial is the least program of a's type: it returns 0, or 1 where 0 may not
// be returned.
func trivial(a *ProgAttr, result uint32) ProgAttr {
	insns := make([]byte, 2*insnSize)
	insns[0] = 0xb7 // r0 = imm
	binary.NativeEndian.PutUint32(insns[4:], result)
	insns[8] = 0x95 // exit
	license := a.License
	if license == "" {
		license = "GPL"
	}
	return ProgAttr{
		Type: a.Type, AttachType: a.AttachType, Insns: insns, License: license, TokenFD: a.TokenFD,
		KernVersion: a.KernVersion, AttachBTFID: a.AttachBTFID, AttachProgFD: a.AttachProgFD,
		AttachBTFObjFD: a.AttachBTFObjFD, Ifindex: a.Ifindex, Flags: a.Flags & flagXDPDevBound,
	}
}

// flagXDPDevBound says what the device of Ifindex is for: without it the program is
// offloaded to the device.
const flagXDPDevBound = 1 << 6 // BPF_F_XDP_DEV_BOUND_ONLY

// progSteps is what a trivial program is built up with.
var progSteps = [...]struct {
	attribute string
	set       func(to, from *ProgAttr)
}{
	{"prog_name", func(to, from *ProgAttr) { to.Name = from.Name }},
	{"prog_btf_fd", func(to, from *ProgAttr) { to.BTFFD = from.BTFFD }},
	{"fd_array", func(to, from *ProgAttr) {
		to.FDArray, to.FDArrayContinuous = from.FDArray, from.FDArrayContinuous
	}},
	{"prog_flags", func(to, from *ProgAttr) { to.Flags = from.Flags }},
}

// refused examines an answer that is about the attributes, before the verifier.
func (e *progExplainer) refused() Diagnosis {
	if all := CheckProg(e.a); len(all) > 0 {
		return invalid(all)
	}
	base := trivial(e.a, 0)
	switch errno := e.try(base); errno {
	case 0:
	case syscall.EPERM:
		return e.privilege()
	default:
		if base = trivial(e.a, 1); e.try(base) != 0 {
			return e.baseRefused(errno)
		}
	}
	for _, s := range progSteps {
		next := base
		s.set(&next, e.a)
		if errno := e.try(next); errno != 0 {
			return e.stepRefused(s.attribute, errno)
		}
		base = next
	}
	return e.bodyRefused()
}

// baseRefused is the diagnosis when not even a trivial program of the type can
// be loaded.
func (e *progExplainer) baseRefused(errno syscall.Errno) Diagnosis {
	since := ProgTypeSince(e.a.Type)
	d := Diagnosis{Kind: mapdef.ErrNotSupported, Attribute: "prog_type"}
	if e.a.AttachBTFID != 0 {
		d.Attribute = "attach_btf_id"
		d.Reason = fmt.Sprintf("the kernel%s refuses type id %d as target of a program of type %s with expected_attach_type %d: %s",
			releaseText(e.host), e.a.AttachBTFID, e.kind(), e.a.AttachType, ErrnoText(errno))
		return d
	}
	if without := trivial(e.a, 0); e.a.AttachType != 0 {
		without.AttachType = 0
		if e.try(without) == 0 {
			d.Attribute = "expected_attach_type"
			d.Reason = fmt.Sprintf("the kernel%s refuses expected_attach_type %d for programs of type %s",
				releaseText(e.host), e.a.AttachType, e.kind())
			return d
		}
	}
	if e.a.Ifindex != 0 {
		without := trivial(e.a, 0)
		without.Ifindex, without.Flags = 0, 0
		if e.try(without) == 0 {
			d.Attribute = "prog_ifindex"
			d.Reason = fmt.Sprintf("the network device with index %d takes no programs: %s", e.a.Ifindex, ErrnoText(errno))
			return d
		}
	}
	d.Reason = fmt.Sprintf("this kernel%s has no programs of type %s%s", releaseText(e.host), e.kind(),
		sinceText(since, e.host.Release))
	d.Hint = sinceHint(since, e.host.Release, "the program type")
	return d
}

// stepRefused is the diagnosis of one attribute that was found by building up.
func (e *progExplainer) stepRefused(attribute string, errno syscall.Errno) Diagnosis {
	d := Diagnosis{Kind: mapdef.ErrNotSupported, Attribute: attribute}
	value := ""
	for _, arg := range e.a.args() {
		if arg.Name == attribute {
			value = " " + arg.Value
		}
	}
	d.Reason = fmt.Sprintf("the kernel%s refuses %s%s for programs of type %s: %s",
		releaseText(e.host), attribute, value, e.kind(), ErrnoText(errno))
	return d
}

// bodyRefused is the diagnosis when only instructions and debug information
// are left.
func (e *progExplainer) bodyRefused() Diagnosis {
	d := Diagnosis{Kind: mapdef.ErrNotSupported}
	without := *e.a
	without.FuncInfo, without.LineInfo, without.CORERelos = nil, nil, nil
	if (len(e.a.FuncInfo) > 0 || len(e.a.LineInfo) > 0) && e.try(without) != e.errno {
		d.Attribute = "func_info"
		d.Reason = "the kernel refuses func_info or line_info: " + ErrnoText(e.errno)
		return d
	}
	d.Reason = fmt.Sprintf("the kernel%s refuses the program of type %s before verifying it: %s",
		releaseText(e.host), e.kind(), ErrnoText(e.errno))
	d.Hint = "Load it with a verifier log"
	return d
}
