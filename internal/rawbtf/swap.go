package rawbtf

import "encoding/binary"

// Swapped is the section in the other byte order, with the same ids: kernels read
// their own order only. The magic number has two bytes; whatever else is not a
// byte or a string is a word of four.
func (t *Table) Swapped() []byte {
	to := binary.ByteOrder(binary.BigEndian)
	if t.big {
		to = binary.LittleEndian
	}
	out := append([]byte(nil), t.raw...)
	to.PutUint16(out, magic)
	types := uint64(t.hdrLen) + uint64(t.word(t.raw[8:]))
	t.swapWords(out[4:minHeader], to)
	t.swapWords(out[types:types+uint64(len(t.types))], to)
	return out
}

func (t *Table) swapWords(b []byte, to binary.ByteOrder) {
	for ; len(b) >= 4; b = b[4:] {
		to.PutUint32(b, t.word(b))
	}
}
