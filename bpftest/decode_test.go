package bpftest

import (
	"reflect"
	"testing"

	"github.com/cilium/ebpf/btf"
)

func TestDecode(t *testing.T) {
	u8 := &btf.Int{Name: "unsigned char", Size: 1}
	char := &btf.Int{Name: "char", Size: 1, Encoding: btf.Signed}
	s32 := &btf.Int{Name: "int", Size: 4, Encoding: btf.Signed}
	u16 := &btf.Int{Name: "unsigned short", Size: 2}
	ff := []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	for _, tc := range []struct {
		name string
		typ  btf.Type
		in   []byte
		want any
	}{
		{"signed", s32, ff, int64(-1)},
		{"unsigned", u16, ff, uint64(0xffff)},
		{"typedef and const", &btf.Const{Type: &btf.Typedef{Name: "u8", Type: u8}}, ff, uint64(0xff)},
		{"bool", &btf.Int{Size: 1, Encoding: btf.Bool}, ff, true},
		{"128 bits", &btf.Int{Size: 16}, ff, raw(ff)},
		{"text", &btf.Array{Type: char, Nelems: 4}, []byte("ab\x00d"), text("ab")},
		{"bytes are no text", &btf.Array{Type: u8, Nelems: 2}, []byte{1, 2}, []any{uint64(1), uint64(2)}},
		{"signed enumerator", &btf.Enum{Size: 4, Signed: true, Values: []btf.EnumValue{{Name: "NO", Value: 0xffffffffffffffff}}}, ff, enumerator{"NO", -1}},
		{"number without an enumerator", &btf.Enum{Size: 1}, ff, enumerator{"", 255}},
		{"pointer", &btf.Pointer{}, ff, uint64(0xffffffffffffffff)},
		{"anonymous union", &btf.Struct{Size: 2, Members: []btf.Member{{Type: &btf.Union{Size: 2, Members: []btf.Member{{Name: "a", Type: u16}, {Name: "b", Type: u8}}}}}}, []byte{7, 0},
			record{{"a", uint64(7)}, {"b", uint64(7)}}},
		{"signed bit field", &btf.Struct{Size: 4, Members: []btf.Member{{Name: "x", Type: s32, Offset: 4, BitfieldSize: 3}}}, []byte{0x70, 0, 0, 0}, record{{"x", int64(-1)}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := decode(tc.typ, tc.in, 0)
			if err != nil || !reflect.DeepEqual(got, tc.want) {
				t.Errorf("got %#v, %v; want %#v", got, err, tc.want)
			}
		})
	}
	if _, err := decode(s32, []byte{1}, 0); err == nil {
		t.Error("four bytes were read out of one")
	}
}
