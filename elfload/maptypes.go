package elfload

import (
	"math/bits"

	"github.com/cilium/ebpf"
)

const flagNumaNode = 1 << 2 // BPF_F_NUMA_NODE

func isMapOfMaps(t uint32) bool {
	return t == uint32(ebpf.ArrayOfMaps) || t == uint32(ebpf.HashOfMaps)
}

func isRingBuffer(t uint32) bool {
	return t == uint32(ebpf.RingBuf) || t == uint32(ebpf.UserRingbuf)
}

// typeless are the maps that the kernel wants no BTF for (R142). STRUCT_OPS and
// PROG_ARRAY are not among them.
var typeless = map[ebpf.MapType]bool{
	ebpf.PerfEventArray: true, ebpf.CGroupArray: true, ebpf.StackTrace: true, ebpf.ArrayOfMaps: true, ebpf.HashOfMaps: true,
	ebpf.DevMap: true, ebpf.DevMapHash: true, ebpf.CPUMap: true, ebpf.XSKMap: true, ebpf.SockMap: true, ebpf.SockHash: true,
	ebpf.Queue: true, ebpf.Stack: true, ebpf.Arena: true,
}

// roundRingBuffer is R76: 0 stays, otherwise the smallest power-of-two number of
// pages that holds n, unless that does not fit 32 bits.
func roundRingBuffer(n uint32, page int) uint32 {
	if n == 0 || page <= 0 {
		return n
	}
	p := uint64(page)
	pages := (uint64(n) + p - 1) / p
	if pages&(pages-1) != 0 {
		pages = 1 << bits.Len64(pages)
	}
	if size := pages * p; size < 1<<32 {
		return uint32(size)
	}
	return n
}
