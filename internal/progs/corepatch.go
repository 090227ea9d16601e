package progs

import (
	"fmt"
	"math"

	"github.com/cilium/ebpf/asm"

	"github.com/bpfload/bpfload/internal/rawbtf"
)

// wideValue is the constant of a ld_imm64.
func (p insns) wideValue(i int) uint64 {
	return uint64(uint32(p.imm(i+1)))<<32 | uint64(uint32(p.imm(i)))
}

// fits tells whether the instruction has the value that the compiler said, and
// room for the new one. Poison fits everywhere.
func (p insns) fits(relo *CoreRelo, f *fixup) bool {
	i := relo.Insn
	if i >= p.len() {
		return false
	}
	op := asm.OpCode(p.op(i))
	dst, src := p.regs(i)
	if f.poison {
		return dst != byte(asm.R10) && (p.op(i) != opLdImm64 || i+1 < p.len())
	}
	switch op.Class() {
	case asm.LdXClass, asm.StClass, asm.StXClass:
		return (f.unchecked || int16(f.local) == p.off(i)) && f.target <= math.MaxInt16
	case asm.LdClass:
		return p.op(i) == opLdImm64 && i+1 < p.len() && src == 0 && p.off(i) == 0 &&
			(f.unchecked || f.local == p.wideValue(i))
	case asm.ALUClass, asm.ALU64Class:
		if op.ALUOp() == asm.Swap || op.Source() != asm.ImmSource {
			return false
		}
		return (f.unchecked || int64(f.local) == int64(p.imm(i))) && f.target <= math.MaxInt32
	}
	return false
}

// set changes an instruction that fits; false when it is to be poisoned.
func (p insns) set(relo *CoreRelo, f *fixup) bool {
	i, value := relo.Insn, f.target
	op := asm.OpCode(p.op(i))
	wide := p.op(i) == opLdImm64
	if f.poison {
		if !zeroIfMissing(relo.Kind) || !op.Class().IsALU() && !wide {
			return false
		}
		value = 0
	}
	switch {
	case wide:
		p.setImm(i, int32(uint32(value)))
		p.setImm(i+1, int32(uint32(value>>32)))
	case op.Class().IsALU():
		p.setImm(i, int32(value))
	default:
		p.setOff(i, int16(value))
	}
	return true
}

// keepsWidth tells whether a load or store has the width of its field in the
// target. The field's size is asked for by itself, as Relocator does.
func (r *FastRelocator) keepsWidth(p insns, relo *CoreRelo) bool {
	if relo.Kind != coreByteOffset || !memoryAccess(p.op(relo.Insn)) {
		return true
	}
	var w fieldWidth
	if !w.localWidth(r.local, *relo) {
		return true
	}
	path, err := parseAccess(relo.Access)
	if err != nil {
		return false
	}
	group := []fastRelo{{kind: coreByteSize, path: path}}
	if !r.best(relo.TypeID, group) {
		return false
	}
	size := group[0].best
	return size.poison || size.target == w.local && (size.unchecked || size.local == w.local)
}

// failureOf tells of a relocation that could not be resolved.
func failureOf(t *rawbtf.Table, relo CoreRelo, reason string) CoreFailure {
	kind := CoreKindName(relo.Kind)
	if kind == "" {
		kind = fmt.Sprintf("kind %d", relo.Kind)
	}
	return CoreFailure{Insn: relo.Insn, Kind: kind, Type: t.CName(relo.TypeID), Access: accessName(t, relo), Reason: reason}
}
