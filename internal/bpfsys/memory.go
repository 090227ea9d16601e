package bpfsys

import (
	"fmt"
	"math"
	"math/bits"
)

// Sizes in bytes of kernel structures on 64-bit machines, rounded: they differ
// by a few words between releases, which is little beside a map's elements.
const (
	pageBytes    = 4096
	arrayHeader  = 312 // struct bpf_array
	htabHeader   = 896 // struct bpf_htab
	htabElem     = 48  // struct htab_elem without key and value
	htabBucket   = 16  // struct bucket
	pointerBytes = 8
)

// MapMemory estimates the bytes of kernel memory that creating the map takes,
// elements that are allocated at creation included: what /proc/self/fdinfo
// calls memlock since Linux 6.4 (map_mem_usage of each type, kernel/bpf). cpus
// is [PossibleCPUs]. It is 0 for types that allocate only as they are used, and
// the largest number for a sum beyond 64 bits.
func MapMemory(a *MapAttr, cpus int) uint64 {
	n, value, perCPU := uint64(a.MaxEntries), roundUp(uint64(a.ValueSize), 8), uint64(max(cpus, 1))
	switch a.Type {
	case mapArray:
		if a.Flags&FlagMmapable != 0 {
			return sum(pageBytes, roundUp(mul(value, n), pageBytes))
		}
		return sum(arrayHeader, mul(value, n))
	case mapProgArray, mapPerfEventArray, mapCgroupArray, mapArrayOfMaps,
		mapDevmap, mapSockmap, mapXSKMap, mapCPUMap, mapReuseportSockarray:
		return sum(arrayHeader, mul(pointerBytes, n))
	case mapPercpuArray:
		return sum(arrayHeader, mul(pointerBytes, n), mul(mul(value, perCPU), n))
	case mapHash, mapPercpuHash, mapLRUHash, mapLRUPercpuHash, mapHashOfMaps:
		return hashMemory(a, perCPU)
	case mapQueue, mapStack:
		return sum(arrayHeader, mul(uint64(a.ValueSize), n+1))
	case mapRingbuf, mapUserRingbuf:
		return sum(3*pageBytes, arrayHeader, n, mul(pointerBytes, 2*(n/pageBytes)))
	case mapStackTrace:
		// A hash table without keys: per bucket a pointer and an element.
		buckets := nextPow2(n)
		return sum(arrayHeader, mul(pointerBytes, buckets), mul(sum(uint64(a.ValueSize), 16), n))
	case mapBloomFilter:
		return sum(arrayHeader, bloomBytes(a))
	case mapDevmapHash:
		return sum(arrayHeader, mul(pointerBytes, nextPow2(n)))
	case mapSockhash:
		return sum(arrayHeader, mul(htabBucket, nextPow2(n)))
	case mapStructOps:
		return sum(arrayHeader, mul(2, uint64(a.ValueSize)))
	}
	return 0 // local storage, tries and arenas allocate as they are used
}

// hashMemory is htab_map_mem_usage of an empty table.
func hashMemory(a *MapAttr, cpus uint64) uint64 {
	n, key, value := uint64(a.MaxEntries), roundUp(uint64(a.KeySize), 8), roundUp(uint64(a.ValueSize), 8)
	perCPU := a.Type == mapPercpuHash || a.Type == mapLRUPercpuHash
	lru := a.Type == mapLRUHash || a.Type == mapLRUPercpuHash
	if lru && a.Flags&FlagNoCommonLRU != 0 {
		n = roundUp(n, cpus)
	}
	total := sum(htabHeader, mul(htabBucket, nextPow2(n)))
	if a.Flags&FlagNoPrealloc != 0 {
		return total
	}
	elem := sum(htabElem, key)
	if perCPU {
		elem = sum(elem, pointerBytes, mul(value, cpus))
	} else {
		elem = sum(elem, value)
	}
	elems := n
	if !lru && !perCPU {
		elems += cpus // one spare element per CPU
		total = sum(total, mul(pointerBytes, cpus))
	}
	return sum(total, mul(elem, elems))
}

// bloomBytes is the bitset of a bloom filter: 7/5 of the product of elements
// and hash functions bits, up to the next power of 2.
func bloomBytes(a *MapAttr) uint64 {
	hashes := a.Extra & 15
	if hashes == 0 {
		hashes = 5
	}
	nbits := nextPow2(uint64(a.MaxEntries) * hashes / 5 * 7)
	return max(nbits/8, 8)
}

// ValueBytes is the size in bytes of an element's value as user space reads and
// writes it: for per-CPU maps every CPU's value, each rounded up to 8 bytes.
func ValueBytes(typ, valueSize uint32, cpus int) uint64 {
	switch typ {
	case mapPercpuHash, mapPercpuArray, mapLRUPercpuHash, mapPercpuCgroupStorage:
		return mul(roundUp(uint64(valueSize), 8), uint64(max(cpus, 0)))
	}
	return uint64(valueSize)
}

// roundUp is n rounded up to a multiple of to, n itself if that overflows.
func roundUp(n, to uint64) uint64 {
	if rest := n % to; rest != 0 && n <= math.MaxUint64-(to-rest) {
		return n + to - rest
	}
	return n
}

// nextPow2 is the least power of 2 that is not below n; 1 for 0.
func nextPow2(n uint64) uint64 {
	if n <= 1 {
		return 1
	}
	if n > 1<<63 {
		return math.MaxUint64
	}
	return 1 << bits.Len64(n-1)
}

// mul and sum stop at the largest number instead of overflowing.

func mul(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	if hi != 0 {
		return math.MaxUint64
	}
	return lo
}

func sum(all ...uint64) uint64 {
	var total uint64
	for _, n := range all {
		if n > math.MaxUint64-total {
			return math.MaxUint64
		}
		total += n
	}
	return total
}

// Bytes is a number of bytes for people: "12 bytes", "3.5 MiB".
func Bytes(n uint64) string {
	if n < 1024 {
		return fmt.Sprintf("%d bytes", n)
	}
	units := [...]string{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"}
	v, u := float64(n)/1024, 0
	for v >= 1024 && u < len(units)-1 {
		v, u = v/1024, u+1
	}
	if v == math.Trunc(v) {
		return fmt.Sprintf("%.0f %s", v, units[u])
	}
	return fmt.Sprintf("%.1f %s", v, units[u])
}
