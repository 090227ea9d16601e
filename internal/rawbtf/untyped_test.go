package rawbtf_test

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/bpfload/bpfload/internal/rawbtf"
)

func TestEncodeUntyped(t *testing.T) {
	for _, c := range []struct {
		order binary.ByteOrder
		size  uint64
		text  string
		want  []byte // nil: refused
	}{
		{binary.LittleEndian, 2, "0x102", []byte{2, 1}},
		{binary.BigEndian, 2, "0x102", []byte{1, 2}},
		{binary.LittleEndian, 4, "-1", []byte{255, 255, 255, 255}},
		{binary.BigEndian, 8, "7", []byte{0, 0, 0, 0, 0, 0, 0, 7}},
		{binary.BigEndian, 1, "255", []byte{255}},
		{binary.LittleEndian, 1, "256", nil},
		{binary.LittleEndian, 1, "-129", nil},
		{binary.LittleEndian, 3, "1", nil},
		{binary.LittleEndian, 1 << 61, "1", nil},
		{binary.LittleEndian, 3, "hex:010203", []byte{1, 2, 3}},
		{binary.LittleEndian, 3, "hex:0102", nil},
		{binary.LittleEndian, 3, "hex:01020", nil},
		{binary.LittleEndian, 0, "hex:0102", []byte{1, 2}},
		{binary.LittleEndian, 0, "1", nil},
		{binary.LittleEndian, 4, "one", nil},
	} {
		got, err := rawbtf.EncodeUntyped(c.order, c.size, c.text)
		if (err != nil) != (c.want == nil) || !bytes.Equal(got, c.want) {
			t.Errorf("%v %d %q: %v, %v; want %v", c.order, c.size, c.text, got, err, c.want)
		}
	}
}
