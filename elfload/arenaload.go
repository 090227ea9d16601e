package elfload

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"syscall"
)

// mapArena maps the arena into this process and writes its variables (R118). The
// kernel verifies programs only once the arena has its place in user space,
// which this, or map_extra, gives it. One that was taken from its pin has both
// already (R120).
//
// The variables begin at the start of the arena. Kernels newer than 6.18 would
// also let them stand at its end, as libbpf then puts them (R119); the start is
// right for every kernel.
func (l *loader) mapArena(i int) error {
	m := &l.plan.Maps[i]
	if l.maps[i].reused {
		return nil
	}
	size := uint64(l.maps[i].maxEntries) * uint64(os.Getpagesize())
	memory, err := l.k.MapMemory(l.maps[i].fd, m.Extra, size)
	if err != nil {
		e := loadError(StageMap, "arena_mmap", &m.MapDef, err)
		e.Err = fmt.Errorf("the arena cannot be mapped: %w", err)
		if errors.Is(err, syscall.EEXIST) {
			e.Hint = fmt.Sprintf("something else in this process is at its map_extra, %#x: has the same object been loaded before?", m.Extra)
		}
		return e
	}
	l.maps[i].memory = memory
	l.trace("map %d %q: %d bytes mapped", i, m.Name, size)
	if allZero(m.Contents) {
		return nil
	}
	if err := writeMemory(memory, m.Contents); err != nil {
		e := loadError(StageValue, "map_fill", &m.MapDef, err)
		e.Err = fmt.Errorf("its initial value cannot be written: %w", err)
		return e
	}
	return nil
}

// writeMemory copies data to mapped memory. The kernel allocates pages at the
// first touch, and faults where it cannot or may not (BPF_F_SEGV_ON_FAULT):
// that becomes an error here instead of the end of the process.
func writeMemory(memory, data []byte) (err error) {
	if len(data) > len(memory) {
		return fmt.Errorf("%d bytes do not fit into %d", len(data), len(memory))
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the kernel gives no memory for it: %w", syscall.ENOMEM)
		}
	}()
	copy(memory, data)
	return nil
}
