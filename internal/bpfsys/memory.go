package bpfsys

// MapMemory estimates the bytes of kernel memory that creating the map takes.
func MapMemory(a *MapAttr, cpus int) uint64 { return 0 }

// ValueBytes is the size in bytes of an element's value as user space reads and
// writes it: for per-CPU maps every CPU's value, each rounded up to 8 bytes.
func ValueBytes(typ, valueSize uint32, cpus int) uint64 {
	switch typ {
	case mapPercpuHash, mapPercpuArray, mapLRUPercpuHash, mapPercpuCgroupStorage:
		return roundUp(uint64(valueSize), 8) * uint64(cpus)
	}
	return uint64(valueSize)
}

func roundUp(n, to uint64) uint64 { return (n + to - 1) / to * to }
