package check

import "github.com/bpfload/bpfload/elfload"

// OfRun tells that what is missing is privilege, or Linux, and no property of
// a kernel on which something may be expected to fail: what was expected to fail
// has then not been shown to. False for nil.
func (p *Proof) OfRun() bool {
	return p != nil && (p.Missing == "privilege" || p.Missing == "system")
}

// ProveMap shows that the host and not the map is to blame for err, by probes
// that have nothing to do with it; nil where that cannot be shown. m may be nil
// for an error about a whole object.
func ProveMap(m *elfload.PlannedMap, err error) *Proof {
	s := subject{}
	if m != nil {
		s.mapType = m.Type
	}
	return newHostProver().prove(s, err)
}

// ProveProgram is ProveMap for a program.
func ProveProgram(p *elfload.PlannedProgram, err error) *Proof {
	return newHostProver().prove(subject{progType: p.Type}, err)
}
