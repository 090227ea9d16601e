package progs

import "encoding/binary"

// Opcodes and pseudo source registers (include/uapi/linux/bpf.h) that a loader
// has to know.
const (
	opLdImm64 = 0x18 // BPF_LD | BPF_IMM | BPF_DW
	opCall    = 0x85 // BPF_JMP | BPF_CALL
	opExit    = 0x95 // BPF_JMP | BPF_EXIT
	opJump32  = 0x06 // BPF_JMP32 | BPF_JA, by imm

	classJump   = 0x05 // BPF_JMP
	classJump32 = 0x06 // BPF_JMP32

	srcMapFD    = 1 // BPF_PSEUDO_MAP_FD, of ld_imm64
	srcMapValue = 2 // BPF_PSEUDO_MAP_VALUE, of ld_imm64
	srcFunc     = 4 // BPF_PSEUDO_FUNC, of ld_imm64
	srcCall     = 1 // BPF_PSEUDO_CALL, of call
)

// insns reads and writes raw instructions by slot. Callers keep slots in range.
type insns struct {
	b     []byte
	order binary.ByteOrder
}

func (p insns) len() int { return len(p.b) / InsnSize }

func (p insns) op(i int) byte { return p.b[i*InsnSize] }

// big tells whether the register nibbles are swapped: the destination is then
// the high one.
func (p insns) big() bool { return p.order == binary.ByteOrder(binary.BigEndian) }

func (p insns) regs(i int) (dst, src byte) {
	r := p.b[i*InsnSize+1]
	if p.big() {
		return r >> 4, r & 0xf
	}
	return r & 0xf, r >> 4
}

func (p insns) setRegs(i int, dst, src byte) {
	if p.big() {
		dst, src = src, dst
	}
	p.b[i*InsnSize+1] = src<<4 | dst&0xf
}

func (p insns) setSrc(i int, src byte) {
	dst, _ := p.regs(i)
	p.setRegs(i, dst, src)
}

func (p insns) off(i int) int16 { return int16(p.order.Uint16(p.b[i*InsnSize+2:])) }

func (p insns) setOff(i int, v int16) { p.order.PutUint16(p.b[i*InsnSize+2:], uint16(v)) }

func (p insns) imm(i int) int32 { return int32(p.order.Uint32(p.b[i*InsnSize+4:])) }

func (p insns) setImm(i int, v int32) { p.order.PutUint32(p.b[i*InsnSize+4:], uint32(v)) }

// setWide fills in a ld_imm64: source register and both immediates.
func (p insns) setWide(i int, src byte, lo, hi uint32) {
	p.setSrc(i, src)
	p.setImm(i, int32(lo))
	p.setImm(i+1, int32(hi))
}
