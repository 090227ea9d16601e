package bpfsys

import (
	"math"
	"testing"
)

func TestMapMemory(t *testing.T) {
	for _, tc := range []struct {
		name string
		a    MapAttr
		cpus int
		want uint64
	}{
		{"array values are rounded up to 8", MapAttr{Type: mapArray, KeySize: 4, ValueSize: 5, MaxEntries: 1000}, 4, arrayHeader + 8000},
		{"an array that can be mapped is whole pages", MapAttr{Type: mapArray, KeySize: 4, ValueSize: 8, MaxEntries: 1000, Flags: FlagMmapable}, 4, 4096 + 8192},
		{"a per-CPU array has a pointer and every CPU's value", MapAttr{Type: mapPercpuArray, KeySize: 4, ValueSize: 8, MaxEntries: 10}, 4, arrayHeader + 10*8 + 10*4*8},
		{"hash", MapAttr{Type: mapHash, KeySize: 5, ValueSize: 4, MaxEntries: 1000}, 4, htabHeader + 1024*16 + 1004*(48+8+8) + 4*8},
		{"hash that allocates later", MapAttr{Type: mapHash, KeySize: 5, ValueSize: 4, MaxEntries: 1000, Flags: FlagNoPrealloc}, 4, htabHeader + 1024*16},
		{"LRU has no spare elements", MapAttr{Type: mapLRUHash, KeySize: 8, ValueSize: 8, MaxEntries: 1024}, 4, htabHeader + 1024*16 + 1024*64},
		{"LRU with lists per CPU is a multiple of the CPUs", MapAttr{Type: mapLRUHash, KeySize: 8, ValueSize: 8, MaxEntries: 10, Flags: FlagNoCommonLRU}, 4, htabHeader + 16*16 + 12*64},
		{"per-CPU hash", MapAttr{Type: mapPercpuHash, KeySize: 8, ValueSize: 8, MaxEntries: 16}, 4, htabHeader + 16*16 + 16*(48+8+8+4*8)},
		{"ring buffer", MapAttr{Type: mapRingbuf, MaxEntries: 1 << 20}, 4, 3*4096 + arrayHeader + 1<<20 + 2*256*8},
		{"trie", MapAttr{Type: mapLPMTrie, KeySize: 8, ValueSize: 8, MaxEntries: 1000, Flags: FlagNoPrealloc}, 4, 0},
		{"type without a name", MapAttr{Type: 1000, MaxEntries: 1000}, 4, 0},
		{"unknown number of CPUs counts as one", MapAttr{Type: mapPercpuArray, KeySize: 4, ValueSize: 8, MaxEntries: 1}, 0, arrayHeader + 8 + 8},
		{"largest array", MapAttr{Type: mapArray, ValueSize: math.MaxUint32, MaxEntries: math.MaxUint32}, 1, arrayHeader + (1<<32)*math.MaxUint32},
		{"a sum beyond 64 bits", MapAttr{Type: mapPercpuArray, ValueSize: math.MaxUint32, MaxEntries: math.MaxUint32}, 4096, math.MaxUint64},
	} {
		if got := MapMemory(&tc.a, tc.cpus); got != tc.want {
			t.Errorf("%s: %d, want %d", tc.name, got, tc.want)
		}
	}
}

func TestValueBytes(t *testing.T) {
	for typ, want := range map[uint32]uint64{mapArray: 5, mapPercpuArray: 24, mapPercpuHash: 24, mapLRUPercpuHash: 24, mapPercpuCgroupStorage: 24, mapHash: 5} {
		if got := ValueBytes(typ, 5, 3); got != want {
			t.Errorf("%s: %d, want %d", MapTypeName(typ), got, want)
		}
	}
}

func TestBytes(t *testing.T) {
	for n, want := range map[uint64]string{
		0: "0 bytes", 1023: "1023 bytes", 1024: "1 KiB", 1536: "1.5 KiB", 3 << 20: "3 MiB", 5<<30 + 1<<29: "5.5 GiB", math.MaxUint64: "16 EiB",
	} {
		if got := Bytes(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

func TestArithmeticStopsAtTheLargestNumber(t *testing.T) {
	const most = uint64(math.MaxUint64)
	for _, tc := range []struct{ got, want uint64 }{
		{mul(1<<32, 1<<32), most}, {mul(3, 4), 12}, {sum(most, 1), most}, {sum(1, 2, 3), 6},
		{roundUp(9, 8), 16}, {roundUp(16, 8), 16}, {roundUp(most, 8), most},
		{nextPow2(0), 1}, {nextPow2(1), 1}, {nextPow2(5), 8}, {nextPow2(8), 8}, {nextPow2(1<<63 + 1), most},
	} {
		if tc.got != tc.want {
			t.Errorf("%d, want %d", tc.got, tc.want)
		}
	}
}
