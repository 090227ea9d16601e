package elfload

import (
	"fmt"
	"math"
	"math/bits"

	"github.com/bpfload/bpfload/internal/bpfsys"
	"github.com/bpfload/bpfload/internal/mapdef"
)

// Memory is an estimate of the kernel memory that creating a map takes, elements
// that are allocated at creation included: Bytes, and PerCPU bytes more for each
// possible CPU. Both are 0 for types that allocate only as they are used. Numbers
// that do not fit are the largest.
type Memory struct {
	Bytes  uint64 `json:"bytes"`
	PerCPU uint64 `json:"per_cpu"`
}

// On is the estimate in bytes on a machine with that many possible CPUs.
func (m Memory) On(cpus int) uint64 {
	hi, lo := bits.Mul64(m.PerCPU, uint64(max(cpus, 0)))
	if hi != 0 {
		return math.MaxUint64
	}
	return addMemory(m.Bytes, lo)
}

func addMemory(a, b uint64) uint64 {
	if b > math.MaxUint64-a {
		return math.MaxUint64
	}
	return a + b
}

func (m Memory) plus(o Memory) Memory {
	return Memory{addMemory(m.Bytes, o.Bytes), addMemory(m.PerCPU, o.PerCPU)}
}

// String is "12 KiB", "12 KiB + 8 bytes × CPUs", or "0 bytes".
func (m Memory) String() string {
	switch {
	case m.PerCPU == 0:
		return bpfsys.Bytes(m.Bytes)
	case m.Bytes == 0:
		return bpfsys.Bytes(m.PerCPU) + " × CPUs"
	}
	return bpfsys.Bytes(m.Bytes) + " + " + bpfsys.Bytes(m.PerCPU) + " × CPUs"
}

// mapMemory is the estimate for a definition; perCPU tells that max_entries is
// the number of CPUs.
func mapMemory(d *MapDef, perCPU bool) Memory {
	on := func(cpus uint32) uint64 {
		a := bpfsys.MapAttr{Type: d.Type, KeySize: d.KeySize, ValueSize: d.ValueSize, MaxEntries: d.MaxEntries, Flags: d.Flags, Extra: d.Extra}
		if perCPU {
			a.MaxEntries = cpus
		}
		return bpfsys.MapMemory(&a, int(cpus))
	}
	one, two := on(1), on(2)
	if two == math.MaxUint64 || two < one {
		return Memory{Bytes: two}
	}
	m := Memory{PerCPU: two - one}
	if one > m.PerCPU {
		m.Bytes = one - m.PerCPU
	}
	return m
}

// Memory estimates what creating the map takes, a template that it spells out
// (which lives as long as the load) included.
func (m *PlannedMap) Memory() Memory {
	out := mapMemory(&m.MapDef, m.PerCPUEntries)
	if m.Inner != nil {
		out = out.plus(mapMemory(m.Inner, m.InnerPerCPUEntries))
	}
	return out
}

// Memory estimates what the maps of the load take together: those that it
// creates, as if none were pinned already.
func (p *Plan) Memory() Memory {
	var sum Memory
	for i := range p.Maps {
		if m := &p.Maps[i]; m.Create && m.FD == 0 {
			sum = sum.plus(m.Memory())
		}
	}
	return sum
}

// Memory estimates what all maps of the object take together.
func (o *Object) Memory() Memory {
	var sum Memory
	for i := range o.Maps {
		sum = sum.plus(mapMemory(&o.Maps[i], false))
		if in := o.Maps[i].Inner; in != nil {
			sum = sum.plus(mapMemory(in, false))
		}
	}
	return sum
}

// checkMemory holds the plan against Options.MaxMemory on so many CPUs.
func (p *Plan) checkMemory(cpus int) error {
	most := p.opts.MaxMemory
	if most == 0 || p.Memory().On(cpus) <= most {
		return nil
	}
	worst, bytes := 0, uint64(0)
	for i := range p.Maps {
		if m := &p.Maps[i]; m.Create && m.FD == 0 && m.Memory().On(cpus) > bytes {
			worst, bytes = i, m.Memory().On(cpus)
		}
	}
	m := &p.Maps[worst]
	e := mapError(&m.MapDef, "max_memory", fmt.Errorf("the maps take about %s of kernel memory, this one %s; no more than %s is allowed",
		bpfsys.Bytes(p.Memory().On(cpus)), bpfsys.Bytes(bytes), bpfsys.Bytes(most)), "allow more with --max-memory, or make the map smaller with --map "+m.Name+".max_entries=N")
	e.Kind = mapdef.ErrBadObject
	return e
}

// checkMemoryHere is checkMemory with the CPUs of this machine, asked before
// the first call of bpf(2).
func (l *loader) checkMemoryHere() error {
	if l.plan.opts.MaxMemory == 0 {
		return nil
	}
	cpus, err := l.k.PossibleCPUs()
	if err != nil {
		return &Error{Stage: StagePlan, Kind: kindOf(err), Code: "cpus", Errno: errnoOf(err), Err: fmt.Errorf("the number of CPUs: %w", err)}
	}
	return l.plan.checkMemory(cpus)
}
