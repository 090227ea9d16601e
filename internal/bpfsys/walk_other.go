//go:build !linux

package bpfsys

// MapNextKey fails: there is no bpf(2) here.
func MapNextKey(fd int, key, next []byte) error { return errNoBPF }

// MapLookupBatch fails: there is no bpf(2) here.
func MapLookupBatch(fd int, in, out, keys, values []byte, count uint32, flags uint64) (uint32, error) {
	return 0, errNoBPF
}

// Exchange fails: there is no bpffs here.
func Exchange(a, b string) error { return errNoBPF }

// WaitRCU fails: there is no bpf(2) here.
func WaitRCU() error { return errNoBPF }
