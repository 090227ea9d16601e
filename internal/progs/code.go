package progs

import "sort"

// poisonedMap begins the numbers of the helpers that references to maps that
// do not exist call: no kernel has them, and the verifier's message about one
// names the map (R133; the same number as libbpf's, which people search for).
const poisonedMap = 2001000000

// Patch is a copy of Insns with map descriptors filled in, in the room of into where
// that is large enough. mapFD gives the
// descriptor of the map with that index; where it is negative the two slots
// become calls of a helper that does not exist, which the verifier accepts in
// dead code only.
func (c *Code) Patch(into []byte, mapFD func(i int) int) []byte {
	p := insns{append(into[:0], c.Insns...), c.Order}
	for _, m := range c.Maps {
		switch fd := mapFD(m.Map); {
		case fd < 0:
			for i := m.Insn; i < m.Insn+2; i++ {
				p.poison(i, poisonedMap+int32(m.Map))
			}
		case m.Value:
			p.setWide(m.Insn, srcMapValue, uint32(fd), m.Offset)
		default:
			p.setWide(m.Insn, srcMapFD, uint32(fd), 0)
		}
	}
	return p.b
}

// PoisonedMap is the index of the map whose absence made Patch write a call of
// that helper, false for other helpers. The kernel's log has the number in
// "invalid func unknown#2001000003".
func PoisonedMap(helper int64) (index int, ok bool) {
	return int(helper - poisonedMap), helper >= poisonedMap && helper < poisonedMap+1e6
}

// poison makes slot i a call of helper n.
func (p insns) poison(i int, n int32) {
	p.b[i*InsnSize] = opCall
	p.setRegs(i, 0, 0)
	p.setOff(i, 0)
	p.setImm(i, n)
}

// Loops tells whether the code may come back to an instruction: it jumps backwards
// or gives a function to a helper that may call it again.
func (c *Code) Loops() bool {
	p := insns{c.Insns, c.Order}
	for i := 0; i < p.len(); i++ {
		switch op := p.op(i); {
		case op == opLdImm64:
			if _, src := p.regs(i); src == srcFunc {
				return true
			}
			i++
		case op == opJump32:
			if p.imm(i) < 0 {
				return true
			}
		case op&7 == classJump && op != opCall && op != opExit, op&7 == classJump32:
			if p.off(i) < 0 {
				return true
			}
		}
	}
	return false
}

// SetWide fills in the ld_imm64 at slot insn of code (as from Patch): the source
// register is a BPF_PSEUDO_ number, lo and hi are the immediates of its slots.
func (c *Code) SetWide(code []byte, insn int, src uint8, lo, hi uint32) {
	insns{code, c.Order}.setWide(insn, src, lo, hi)
}

// SetCall fills in the call at slot insn of code: a kernel function has source
// register 2, its BTF id as imm and a BTF descriptor's index as off.
func (c *Code) SetCall(code []byte, insn int, src uint8, off int16, imm int32) {
	p := insns{code, c.Order}
	p.setSrc(insn, src)
	p.setOff(insn, off)
	p.setImm(insn, imm)
}

// PoisonCall makes the instruction at slot insn a call of a helper that does
// not exist.
func (c *Code) PoisonCall(code []byte, insn int, helper int32) {
	insns{code, c.Order}.poison(insn, helper)
}

// Part is the function that holds the instruction, and the instruction's
// offset in bytes from the start of that function's section; false when the
// instruction is outside the code.
func (c *Code) Part(insn int) (part Part, off uint64, ok bool) {
	i := sort.Search(len(c.Parts), func(i int) bool { return c.Parts[i].FirstInsn > insn }) - 1
	if i < 0 || insn >= c.Parts[i].FirstInsn+c.Parts[i].Insns {
		return Part{}, 0, false
	}
	return c.Parts[i], c.Parts[i].Offset + uint64(insn-c.Parts[i].FirstInsn)*InsnSize, true
}

// SourceLine is what the compiler says of an instruction.
type SourceLine struct {
	File, Text string
	Line, Col  uint32 // from 1; Col is 0 when not known
}

// Line is the source line of an instruction, false when LineInfo does not tell.
func (c *Code) Line(insn int) (SourceLine, bool) {
	n := len(c.LineInfo) / LineInfoSize
	word := func(i, w int) uint32 { return c.Order.Uint32(c.LineInfo[i*LineInfoSize+4*w:]) }
	i := sort.Search(n, func(i int) bool { return int64(word(i, 0)) > int64(insn) }) - 1
	if i < 0 || c.file.BTF == nil || insn >= c.Len() || word(i, 3) == 0 {
		return SourceLine{}, false
	}
	file, _ := c.file.BTF.String(word(i, 1))
	text, _ := c.file.BTF.String(word(i, 2))
	return SourceLine{File: file, Text: text, Line: word(i, 3) >> 10, Col: word(i, 3) & 0x3ff}, true
}
