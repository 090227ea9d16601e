package progs_test

import (
	"encoding/binary"
	"testing"

	"github.com/bpfload/bpfload/internal/progs"
)

func TestLoops(t *testing.T) {
	const jump, jumpIfEqual, jump32, jumpIfEqual32, call, exit, wide, add = 0x05, 0x15, 0x06, 0x16, 0x85, 0x95, 0x18, 0x07
	type insn struct {
		op, src byte
		off     int16
		imm     int32
	}
	for _, tt := range []struct {
		name  string
		insns []insn
		want  bool
	}{
		{"nothing", nil, false},
		{"forwards", []insn{{op: jump, off: 1}, {op: jumpIfEqual, off: 2}, {op: jumpIfEqual32, off: 1}, {op: jump32, imm: 1}, {op: exit}}, false},
		{"a jump back", []insn{{op: add}, {op: jump, off: -1}}, true},
		{"a long jump back", []insn{{op: add}, {op: jump32, off: 1, imm: -1}}, true},
		{"a condition", []insn{{op: add}, {op: jumpIfEqual, off: -1}, {op: exit}}, true},
		{"a condition of 32 bits", []insn{{op: add}, {op: jumpIfEqual32, off: -1}, {op: exit}}, true},
		{"numbers are no offsets", []insn{{op: add, off: -1, imm: -1}, {op: call, off: -1, imm: -1}, {op: exit, off: -1}}, false},
		{"the second half of a number is no jump", []insn{{op: wide, imm: -1}, {op: jump, off: -1}, {op: exit}}, false},
		{"a callback", []insn{{op: wide, src: 4}, {}, {op: call, imm: 181}, {op: exit}}, true},
	} {
		for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
			code := progs.Code{Order: order}
			for _, i := range tt.insns {
				regs := i.src << 4
				if order == binary.ByteOrder(binary.BigEndian) {
					regs = i.src
				}
				var b [8]byte
				b[0], b[1] = i.op, regs
				order.PutUint16(b[2:], uint16(i.off))
				order.PutUint32(b[4:], uint32(i.imm))
				code.Insns = append(code.Insns, b[:]...)
			}
			if got := code.Loops(); got != tt.want {
				t.Errorf("%s, %v: %t", tt.name, order, got)
			}
		}
	}
}
