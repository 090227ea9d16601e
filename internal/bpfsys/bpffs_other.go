//go:build !linux

package bpfsys

// IsBPFFS fails: there is no bpffs here.
func IsBPFFS(dir string) (bool, error) { return false, errNoBPF }

// KernelVersionCode is 0: this is not Linux.
func KernelVersionCode() uint32 { return 0 }

// LockDir fails: there is no bpffs here.
func LockDir(dir string) (fd int, err error) { return -1, errNoBPF }
