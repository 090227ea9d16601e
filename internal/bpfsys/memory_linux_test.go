package bpfsys

import (
	"fmt"
	"strings"
	"testing"

	"github.com/bpfload/bpfload/internal/kerneltest"
)

// memlock is what /proc/self/fdinfo says of the map's memory.
func memlock(t *testing.T, fd int) uint64 {
	t.Helper()
	_, rest, found := strings.Cut(readFile(fmt.Sprintf("/proc/self/fdinfo/%d", fd)), "memlock:")
	var n uint64
	if _, err := fmt.Sscan(rest, &n); !found || err != nil {
		t.Fatalf("fdinfo without memlock: %v", err)
	}
	return n
}

// TestMapMemoryIsWhatTheKernelCounts allows 10 % where the map is larger than
// the header of its type, which differs between releases.
func TestMapMemoryIsWhatTheKernelCounts(t *testing.T) {
	kerneltest.Require(t)
	noLeaks(t)
	host := ReadHost()
	if releaseBefore(host.Release, 6, 4) {
		t.Skipf("Linux %s counts only elements in fdinfo (map_mem_usage came with 6.4)", host.Release)
	}
	keyless := map[uint32]bool{mapQueue: true, mapStack: true, mapBloomFilter: true}
	for _, typ := range []uint32{mapArray, mapPercpuArray, mapHash, mapPercpuHash, mapLRUHash, mapLRUPercpuHash,
		mapProgArray, mapQueue, mapBloomFilter, mapStackTrace, mapDevmapHash, mapSockhash} {
		for _, n := range []uint32{1, 30, 1000, 70_000} {
			for _, value := range []uint32{4, 100, 1024} {
				for _, flags := range []uint32{0, FlagNoPrealloc, FlagMmapable, FlagNoCommonLRU} {
					a := MapAttr{Type: typ, KeySize: 4, ValueSize: value, MaxEntries: n, Flags: flags}
					if keyless[typ] {
						a.KeySize = 0
					}
					if typ == mapStackTrace {
						a.ValueSize = min(value*2, 1016)
					}
					if len(mapRules[typ].value.only) > 0 {
						a.ValueSize = 4
					}
					if len(CheckMap(&a, host.PageSize)) > 0 || MapMemory(&a, host.CPUs) > 200<<20 {
						continue
					}
					fd, err := MapCreate(&a)
					if err != nil {
						t.Error(err)
						continue
					}
					got, want := MapMemory(&a, host.CPUs), memlock(t, fd)
					_ = Close(fd)
					if diff := max(got, want) - min(got, want); diff*10 > want && diff > 256 {
						t.Errorf("%s, value_size %d, max_entries %d, flags %s: estimated %d, the kernel counts %d",
							MapTypeName(typ), a.ValueSize, n, FlagNames(flags), got, want)
					}
				}
			}
		}
	}
	for _, typ := range []uint32{mapRingbuf, mapUserRingbuf} {
		for _, size := range []uint32{4096, 1 << 16, 1 << 22} {
			fd := mustMap(t, &MapAttr{Type: typ, MaxEntries: size})
			got, want := MapMemory(&MapAttr{Type: typ, MaxEntries: size}, host.CPUs), memlock(t, fd)
			if diff := max(got, want) - min(got, want); diff*10 > want {
				t.Errorf("%s of %d bytes: estimated %d, the kernel counts %d", MapTypeName(typ), size, got, want)
			}
		}
	}
}
