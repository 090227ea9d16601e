package progs

import "github.com/cilium/ebpf/btf"

// Relocations are those of code.Core, one for one, as cilium/ebpf has them in an
// ebpf.ProgramSpec; nil for one that cannot be read.
func (r *Relocator) Relocations(code *Code) []*btf.CORERelocation {
	out := make([]*btf.CORERelocation, len(code.Core))
	for i, relo := range code.Core {
		out[i] = r.relos[relo.rank]
	}
	return out
}
