package progs

import (
	"fmt"

	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"

	"github.com/bpfload/bpfload/internal/rawbtf"
)

// The compiler reads and writes a field with the width that it has in the
// object. Where the kernel's field is wider or narrower, libbpf changes the
// instruction's width, if both are unsigned integers, and gives up otherwise
// (bpf_core_patch_insn). cilium/ebpf leaves the width, which reads something
// else; so here the two questions that decide are asked as further relocations of
// the same field: its size and its signedness.

// Kinds of relocation (enum bpf_core_relo_kind) that matter for widths.
const (
	coreByteOffset = 0
	coreByteSize   = 1
	coreSigned     = 3
)

// slotUse says what a relocation that was given to cilium/ebpf is for.
type slotUse uint8

const (
	useSelf slotUse = iota // the record itself
	useSize                // the size of its field
	useSign                // the signedness of its field
)

// coreSlot is one relocation given to cilium/ebpf.
type coreSlot struct {
	rank int
	use  slotUse
}

// fieldWidth is what is asked about the field of one load or store.
type fieldWidth struct {
	size, sign *btf.CORERelocation
	// local is the field's size in bytes in the object, signed its signedness.
	local  uint64
	signed uint64
}

// memoryAccess tells of loads and stores: their width can be wrong.
func memoryAccess(op byte) bool {
	class := asm.OpCode(op).Class()
	return class == asm.LdXClass || class == asm.StClass || class == asm.StXClass
}

// localField is the type of the field at the end of an access path; false for
// bit fields, whose width is not that of their type, and for paths that lead nowhere.
func localField(t *rawbtf.Table, id rawbtf.ID, path []int) (rawbtf.ID, bool) {
	for _, step := range path[1:] {
		ty, err := t.Strip(id)
		if err != nil {
			return 0, false
		}
		switch ty.Kind {
		case rawbtf.Struct, rawbtf.Union:
			m := ty.Member(step)
			if step >= ty.Vlen || m.BitSize != 0 {
				return 0, false
			}
			id = m.Type
		case rawbtf.Array:
			id = ty.Array().Elem
		default:
			return 0, false
		}
	}
	return id, true
}

// localWidth fills in what the object says of the field; false when it has no width.
func (w *fieldWidth) localWidth(t *rawbtf.Table, relo CoreRelo) bool {
	path, err := parseAccess(relo.Access)
	if err != nil {
		return false
	}
	id, ok := localField(t, relo.TypeID, path)
	if !ok {
		return false
	}
	size, err := t.Sizeof(id)
	if err != nil {
		return false
	}
	w.local = uint64(size)
	if ty, err := t.Strip(id); err == nil && ty.Kind == rawbtf.Int {
		w.signed = uint64(ty.Int().Encoding & rawbtf.IntSigned)
	}
	return true
}

// answer is the target's value in a fixup whose local value is known: what the
// fixup makes of an instruction that loads the local value. False when the
// target has none.
func answer(fixup btf.COREFixup, local uint64) (uint64, bool) {
	ins := asm.Mov.Imm(asm.R0, int32(local))
	op := ins.OpCode
	if err := fixup.Apply(&ins); err != nil || ins.OpCode != op {
		return 0, false
	}
	return uint64(ins.Constant), true
}

// adjustWidths gives every solved load or store in relos the width that its
// field has in the target, or the reason why it cannot have it.
func (r *Relocator) adjustWidths(p insns, relos []CoreRelo, solved []solution, targets []*btf.Spec) {
	for i, relo := range relos {
		w, ok := r.widths[relo.rank]
		if !ok || solved[i].reason != "" || !w.localWidth(r.file.BTF, relo) {
			continue
		}
		fixups, err := btf.CORERelocate([]*btf.CORERelocation{w.size}, targets, r.file.Order, noLocalType)
		if err != nil {
			continue // no candidate stands out; the offset is all that is known
		}
		size, ok := answer(fixups[0], w.local)
		if !ok || size == w.local {
			continue
		}
		solved[i].reason = r.resize(p, relo.Insn, w, size, targets)
	}
}

// memorySizes are the size bits of loads and stores (BPF_B, BPF_H, BPF_W, BPF_DW).
var memorySizes = [...]struct {
	bytes uint64
	bits  byte
}{{1, 0x10}, {2, 0x08}, {4, 0x00}, {8, 0x18}}

func (r *Relocator) resize(p insns, insn int, w fieldWidth, size uint64, targets []*btf.Spec) string {
	const sizeMask = 0x18
	why := fmt.Sprintf("the field has %d bytes instead of %d", size, w.local)
	fixups, err := btf.CORERelocate([]*btf.CORERelocation{w.sign}, targets, r.file.Order, noLocalType)
	signed := uint64(1)
	if err == nil && w.signed == 0 {
		if v, ok := answer(fixups[0], 0); ok {
			signed = v
		}
	}
	if signed != 0 {
		return why + " and is not an unsigned integer on both sides"
	}
	op := p.op(insn)
	for _, from := range memorySizes {
		for _, to := range memorySizes {
			if from.bytes == w.local && from.bits == op&sizeMask && to.bytes == size {
				p.b[insn*InsnSize] = op&^sizeMask | to.bits
				return ""
			}
		}
	}
	return why + ", and the instruction cannot be made to fit"
}
