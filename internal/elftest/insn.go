package elftest

import (
	"encoding/binary"
	"slices"
)

// Registers of the BPF machine.
const (
	R0 = iota
	R1
	R2
	R3
	R4
	R5
	R6
	R7
	R8
	R9
	R10
)

// Insn is one 8-byte instruction; the register nibbles change places with the byte order.
func Insn(order binary.ByteOrder, op byte, dst, src int, off int16, imm int32) []byte {
	regs := byte(src<<4 | dst)
	if isBig(order) {
		regs = byte(dst<<4 | src)
	}
	out := []byte{op, regs}
	out = put16(order, out, uint16(off))
	return put32(order, out, uint32(imm))
}

// LdImm64 loads a 64-bit constant in two slots; src is 0 or BPF_PSEUDO_*.
func LdImm64(order binary.ByteOrder, dst, src int, imm uint64) []byte {
	return slices.Concat(Insn(order, 0x18, dst, src, 0, int32(imm)), Insn(order, 0, 0, 0, 0, int32(imm>>32)))
}

// Call calls helper imm (src 0), or with src 1 the instruction that many slots
// after the next one; clang writes src 1, imm -1 where a relocation follows.
func Call(order binary.ByteOrder, src int, imm int32) []byte {
	return Insn(order, 0x85, 0, src, 0, imm)
}

// Mov sets a register to a constant.
func Mov(order binary.ByteOrder, dst int, imm int32) []byte { return Insn(order, 0xb7, dst, 0, 0, imm) }

// MovReg copies a register.
func MovReg(order binary.ByteOrder, dst, src int) []byte { return Insn(order, 0xbf, dst, src, 0, 0) }

// Exit returns.
func Exit(order binary.ByteOrder) []byte { return Insn(order, 0x95, 0, 0, 0, 0) }
