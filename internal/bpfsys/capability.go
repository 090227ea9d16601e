package bpfsys

import "strings"

// capability is a bit number of capabilities(7).
type capability uint

const (
	capNetAdmin    capability = 12
	capSysAdmin    capability = 21
	capSysResource capability = 24
	capPerfmon     capability = 38
	capBPF         capability = 39
)

var capabilityNames = map[capability]string{
	capNetAdmin: "CAP_NET_ADMIN", capSysAdmin: "CAP_SYS_ADMIN",
	capSysResource: "CAP_SYS_RESOURCE", capPerfmon: "CAP_PERFMON", capBPF: "CAP_BPF",
}

func (c capability) String() string { return capabilityNames[c] }

// What a kind of map or program asks for; needNetAdmin and needPerfmon include
// CAP_BPF.
var (
	needBPF        = []capability{capBPF}
	needNetAdmin   = []capability{capBPF, capNetAdmin}
	needPerfmon    = []capability{capBPF, capPerfmon}
	needEverything = []capability{capBPF, capPerfmon, capNetAdmin}
)

// missing lists what needs asks for and effective, a CapEff mask, lacks.
// CAP_SYS_ADMIN stands for each of them (bpf_capable, perfmon_capable and
// bpf_token_capable in the kernel).
func missing(effective uint64, needs []capability) []capability {
	if effective&(1<<capSysAdmin) != 0 {
		return nil
	}
	var out []capability
	for _, c := range needs {
		if effective&(1<<c) == 0 {
			out = append(out, c)
		}
	}
	return out
}

// capList is "CAP_BPF and CAP_NET_ADMIN".
func capList(caps []capability) string {
	names := make([]string, len(caps))
	for i, c := range caps {
		names[i] = c.String()
	}
	if n := len(names); n > 1 {
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
	return strings.Join(names, "")
}
