//go:build !linux

package bpfsys

// MapDelete fails: there is no bpf(2) here.
func MapDelete(fd int, key []byte) error { return errNoBPF }

// LinkStructOps fails: there is no bpf(2) here.
func LinkStructOps(m int) (fd int, err error) { return -1, errNoBPF }

// ProgByID fails: there is no bpf(2) here.
func ProgByID(id uint32) (fd int, err error) { return -1, errNoBPF }

// BTFData fails: there is no bpf(2) here.
func BTFData(fd int) ([]byte, error) { return nil, errNoBPF }

// ProgBTF fails: there is no bpf(2) here.
func ProgBTF(prog int) ([]byte, error) { return nil, errNoBPF }

// MemoryMap fails: there is no bpf(2) here.
func MemoryMap(fd int, addr, size uint64) ([]byte, error) { return nil, errNoBPF }

// MemoryUnmap fails: there is no bpf(2) here.
func MemoryUnmap(memory []byte) error { return errNoBPF }

// GetLinkInfo fails: there is no bpf(2) here.
func GetLinkInfo(fd int) (LinkInfo, error) { return LinkInfo{}, errNoBPF }

// LinkUpdate fails: there is no bpf(2) here.
func LinkUpdate(link, prog int) error { return errNoBPF }

// CgroupID fails: there are no cgroups here.
func CgroupID(path string) (uint64, error) { return 0, errNoBPF }

// NetNSID fails: there are no network namespaces here.
func NetNSID(path string) (uint64, error) { return 0, errNoBPF }
