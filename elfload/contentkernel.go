package elfload

import "github.com/bpfload/bpfload/internal/bpfsys"

// contentKernel is the part of a kernel that reads maps, and swaps old for new.
type contentKernel interface {
	// NextKey is the key behind key, the first for nil; ENOENT: there is none.
	NextKey(fd int, key []byte, keySize uint32) ([]byte, error)
	LookupMap(fd int, key, value []byte, flags uint64) error
	// LookupBatch and UpdateBatch are as in bpfsys.
	LookupBatch(fd int, in, out, keys, values []byte, count uint32, flags uint64) (done uint32, err error)
	UpdateBatch(fd int, keys, values []byte, count uint32) (done uint32, err error)
	// Exchange swaps two pins in one step; EINVAL: the kernel cannot.
	Exchange(a, b string) error
	// WaitRCU waits for the end of programs that are running.
	WaitRCU() error
}

func (host) NextKey(fd int, key []byte, keySize uint32) ([]byte, error) {
	next := make([]byte, keySize)
	return next, bpfsys.MapNextKey(fd, key, next)
}
func (host) LookupMap(fd int, key, value []byte, flags uint64) error {
	return bpfsys.MapLookup(fd, key, value, flags)
}
func (host) LookupBatch(fd int, in, out, keys, values []byte, count uint32, flags uint64) (uint32, error) {
	return bpfsys.MapLookupBatch(fd, in, out, keys, values, count, flags)
}
func (host) UpdateBatch(fd int, keys, values []byte, count uint32) (uint32, error) {
	return bpfsys.MapUpdateBatch(fd, keys, values, count, 0)
}
func (host) Exchange(a, b string) error { return bpfsys.Exchange(a, b) }
func (host) WaitRCU() error             { return bpfsys.WaitRCU() }
