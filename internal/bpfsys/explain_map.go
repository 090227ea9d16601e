package bpfsys

// ExplainMapCreate tells why the kernel answered err to the creation of a.
func ExplainMapCreate(sys Prober, a *MapAttr, err error) Diagnosis {
	return Diagnosis{Reason: ErrnoText(Errno(err))}
}
