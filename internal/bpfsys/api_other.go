//go:build !linux

package bpfsys

import "syscall"

// BTFLoad fails: there is no bpf(2) here.
func BTFLoad(*BTFAttr) (fd int, log string, err error) { return -1, "", errNoBPF }

// MapCreate fails: there is no bpf(2) here.
func MapCreate(*MapAttr) (fd int, err error) { return -1, errNoBPF }

// ProgLoad fails: there is no bpf(2) here.
func ProgLoad(*ProgAttr) (fd int, log string, err error) { return -1, "", errNoBPF }

// MapUpdate fails: there is no bpf(2) here.
func MapUpdate(fd int, key, value []byte, flags uint64) error { return errNoBPF }

// MapUpdateFD fails: there is no bpf(2) here.
func MapUpdateFD(fd int, key []byte, valueFD int, flags uint64) error { return errNoBPF }

// MapUpdateBatch fails: there is no bpf(2) here.
func MapUpdateBatch(fd int, keys, values []byte, count uint32, flags uint64) (uint32, error) {
	return 0, errNoBPF
}

// MapLookup fails: there is no bpf(2) here.
func MapLookup(fd int, key, value []byte, flags uint64) error { return errNoBPF }

// MapFreeze fails: there is no bpf(2) here.
func MapFreeze(fd int) error { return errNoBPF }

// ProgBindMap fails: there is no bpf(2) here.
func ProgBindMap(prog, m int) error { return errNoBPF }

// ObjPin fails: there is no bpf(2) here.
func ObjPin(fd int, path string) error { return errNoBPF }

// ObjGet fails: there is no bpf(2) here.
func ObjGet(path string, flags uint32) (fd int, err error) { return -1, errNoBPF }

// GetMapInfo fails: there is no bpf(2) here.
func GetMapInfo(fd int) (MapInfo, error) { return MapInfo{}, errNoBPF }

// ObjectKind knows nothing: there is no bpf(2) here.
func ObjectKind(fd int) string { return "" }

// GetProgInfo fails: there is no bpf(2) here.
func GetProgInfo(fd int) (ProgInfo, error) { return ProgInfo{}, errNoBPF }

// GetProgFacts fails: there is no bpf(2) here.
func GetProgFacts(fd int) (ProgInfo, error) { return ProgInfo{}, errNoBPF }

// GetBTFInfo fails: there is no bpf(2) here.
func GetBTFInfo(fd int) (BTFInfo, error) { return BTFInfo{}, errNoBPF }

// BTFByID fails: there is no bpf(2) here.
func BTFByID(id uint32) (fd int, err error) { return -1, errNoBPF }

// BTFBytes fails: there is no bpf(2) here.
func BTFBytes(id uint32) ([]byte, error) { return nil, errNoBPF }

// MapByID fails: there is no bpf(2) here.
func MapByID(id, flags uint32) (fd int, err error) { return -1, errNoBPF }

// ModuleBTFFD fails: there is no bpf(2) here.
func ModuleBTFFD(name string) (fd int, err error) { return -1, errNoBPF }

// Oversized is answered with ENOSYS: there is no bpf(2) here.
func Oversized(cmd int) syscall.Errno { return syscall.ENOSYS }

// TokenCreate fails: there is no bpf(2) here.
func TokenCreate(dir string) (fd int, err error) { return -1, errNoBPF }

// InUserNS is false: there are no user namespaces here.
func InUserNS() bool { return false }

// Close fails: no descriptor can have come from here.
func Close(fd int) error { return errNoBPF }
