package bpfsys

// ExplainProgLoad tells why the kernel answered err to the loading of a; log is
// the verifier's.
func ExplainProgLoad(sys Prober, a *ProgAttr, log string, err error) Diagnosis {
	return Diagnosis{Reason: ErrnoText(Errno(err))}
}
