package elfload

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/mapdef"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

// opsTypes are what members are made of, in both tables alike.
type opsTypes struct {
	*elftest.BTF
	num, long, name, fn, ptr, nested elftest.ID
}

func newOpsTypes() opsTypes {
	b := elftest.NewBTF(binary.LittleEndian)
	t := opsTypes{BTF: b, num: b.Int("int", 4, elftest.Signed), long: b.Int("long", 8, 0)}
	t.name = b.Array(t.num, t.num, 2)
	t.fn, t.ptr = b.Ptr(b.FuncProto(t.num)), b.Ptr(0)
	t.nested = b.Struct("pair", 8, elftest.Member{Name: "a", Type: t.num}, elftest.Member{Name: "b", Type: t.num, BitOffset: 32})
	return t
}

func opsMember(name string, typ elftest.ID, bits uint32) elftest.Member {
	return elftest.Member{Name: name, Type: typ, BitOffset: bits}
}

func TestStructOpsLayout(t *testing.T) {
	data := make([]byte, 16)
	for i := range data {
		data[i] = byte(i + 1)
	}
	zero := make([]byte, 16)
	// The kernel's struct ops stands 8 bytes into its value: f at 0, num at 8, pair
	// at 12, name at 20, ptr at 28 (all from its start).
	tests := []struct {
		name    string
		data    []byte
		set     bool // a program at offset 0
		members func(o opsTypes) []elftest.Member
		want    string // "OFFSET=PROGRAM/MEMBER", "OFFSET:HEX", or part of the error
	}{
		{"R122 data by name", data, false, func(o opsTypes) []elftest.Member { return []elftest.Member{opsMember("num", o.num, 32)} }, "16:05060708"},
		{"R122 several", data, false, func(o opsTypes) []elftest.Member {
			return []elftest.Member{opsMember("name", o.name, 0), opsMember("num", o.num, 64)}
		}, "16:090a0b0c 28:0102030405060708"},
		{"C103 nested struct", data, false, func(o opsTypes) []elftest.Member { return []elftest.Member{opsMember("pair", o.nested, 0)} }, "20:0102030405060708"},
		{"through a typedef", data, false, func(o opsTypes) []elftest.Member {
			return []elftest.Member{opsMember("num", o.Const(o.Typedef("u", o.num)), 0)}
		}, "16:01020304"},
		{"a program", zero, true, func(o opsTypes) []elftest.Member { return []elftest.Member{opsMember("f", o.fn, 0)} }, "8=5/0"},
		{"a program whose addend stands in its place", data, true, func(o opsTypes) []elftest.Member { return []elftest.Member{opsMember("f", o.fn, 0)} }, "8=5/0"},
		{"no program", zero, false, func(o opsTypes) []elftest.Member { return []elftest.Member{opsMember("f", o.fn, 0)} }, ""},
		{"R125 a function pointer that is data", data, false, func(o opsTypes) []elftest.Member { return []elftest.Member{opsMember("f", o.fn, 0)} }, "can only be set to a program"},
		{"R125 another pointer that is data", data, false, func(o opsTypes) []elftest.Member { return []elftest.Member{opsMember("ptr", o.ptr, 0)} }, "can only be set to a program"},
		{"R125 the kernel's is no function pointer", zero, true, func(o opsTypes) []elftest.Member { return []elftest.Member{opsMember("ptr", o.fn, 0)} }, "not a pointer to a function"},
		{"R125 unknown and zero", zero, false, func(o opsTypes) []elftest.Member { return []elftest.Member{opsMember("new", o.num, 0)} }, ""},
		{"R125 unknown and not zero", data, false, func(o opsTypes) []elftest.Member { return []elftest.Member{opsMember("new", o.num, 0)} }, `"new" of struct ops___x: the kernel's struct has no such member`},
		{"R125 unknown and a program", zero, true, func(o opsTypes) []elftest.Member { return []elftest.Member{opsMember("new", o.fn, 0)} }, "missing new"},
		{"R125 another kind", zero, false, func(o opsTypes) []elftest.Member { return []elftest.Member{opsMember("pair", o.long, 0)} }, "int here and struct"},
		{"R125 another size", zero, false, func(o opsTypes) []elftest.Member { return []elftest.Member{opsMember("num", o.long, 0)} }, "8 bytes here and 4"},
		{"R125 bit field", zero, false, func(o opsTypes) []elftest.Member {
			return []elftest.Member{{Name: "num", Type: o.num, BitSize: 3}}
		}, "bit fields"},
		{"R125 bit field in the kernel", zero, false, func(o opsTypes) []elftest.Member { return []elftest.Member{opsMember("bits", o.num, 0)} }, "bit fields"},
		{"R125 unknown bit field and zero", zero, false, func(o opsTypes) []elftest.Member {
			return []elftest.Member{{Name: "new", Type: o.num, BitOffset: 30, BitSize: 3}}
		}, ""},
		{"beyond its struct", zero, false, func(o opsTypes) []elftest.Member { return []elftest.Member{opsMember("num", o.num, 104)} }, "beyond its struct"},
		{"beyond the kernel's", zero, false, func(o opsTypes) []elftest.Member { return []elftest.Member{opsMember("far", o.long, 0)} }, "kernel's member reaches beyond"},
		{"no size", zero, false, func(o opsTypes) []elftest.Member { return []elftest.Member{opsMember("num", 0, 0)} }, "no size"},
	}
	k := newOpsTypes()
	kernelOps := k.Struct("ops", 36, opsMember("f", k.fn, 0), opsMember("num", k.num, 64), opsMember("pair", k.nested, 96), opsMember("name", k.name, 160),
		elftest.Member{Name: "bits", Type: k.num, BitOffset: 224, BitSize: 2}, opsMember("ptr", k.ptr, 224), opsMember("far", k.long, 1<<20))
	value := k.Struct("bpf_struct_ops_ops", 44, opsMember("common", k.long, 0), opsMember("data", kernelOps, 64))
	types := &targetTypes{table: k.Table()}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := newOpsTypes()
			ops := &mapdef.StructOps{Type: o.Struct("ops___x", 16, tt.members(o)...), TypeName: "ops", Data: tt.data}
			if tt.set {
				ops.Programs = []mapdef.StructOpsProgram{{Name: tt.members(newOpsTypes())[0].Name, Program: 5}}
			}
			image, err := layoutStructOps(o.Table(), ops, types, types.table.Type(value))
			if err != nil {
				if tt.want == "" || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("error %v, want %q", err, tt.want)
				}
				return
			}
			if got := imageText(image); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if image.opsType != kernelOps || image.valueType != value || len(image.value) != 44 {
				t.Errorf("types %d, %d, %d bytes", image.opsType, image.valueType, len(image.value))
			}
		})
	}
}

// imageText is every stretch of data in the image, then its programs.
func imageText(image *structImage) string {
	var words []string
	for i := 0; i < len(image.value); i++ {
		n := i
		for n < len(image.value) && image.value[n] != 0 {
			n++
		}
		if n > i {
			words = append(words, fmt.Sprintf("%d:%x", i, image.value[i:n]))
			i = n
		}
	}
	for _, m := range image.members {
		words = append(words, fmt.Sprintf("%d=%d/%d", m.offset, m.program, m.index))
	}
	for _, m := range image.missing {
		words = append(words, "missing "+m.Name)
	}
	return strings.Join(words, " ")
}

// The kernel's value type must hold the struct itself.
func TestStructOpsLayoutValue(t *testing.T) {
	k := newOpsTypes()
	value := k.Struct("bpf_struct_ops_ops", 8, opsMember("data", k.Typedef("ops", k.long), 0))
	o := newOpsTypes()
	ops := &mapdef.StructOps{Type: o.Struct("ops", 0), TypeName: "ops"}
	if _, err := layoutStructOps(o.Table(), ops, &targetTypes{table: k.Table()}, k.Table().Type(value)); err == nil || !strings.Contains(err.Error(), "no member of type") {
		t.Errorf("a value without the struct: %v", err)
	}
	if ty := k.Table().Type(value); ty.Kind != rawbtf.Struct {
		t.Errorf("the test is about a %s", ty.Kind)
	}
}
