package rawbtf_test

import (
	"encoding/binary"
	"reflect"
	"testing"

	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

func TestFindNamed(t *testing.T) {
	b := elftest.NewBTF(nil)
	num := b.Int("int", 4, elftest.Signed)
	proto := b.FuncProto(num)
	first := b.Func("same", proto, rawbtf.LinkGlobal)
	b.Struct("same", 4, elftest.Member{Name: "x", Type: num})
	second := b.Func("same", proto, rawbtf.LinkStatic)
	short := b.Func("x", proto, rawbtf.LinkGlobal)
	b.Func("same_not", proto, rawbtf.LinkGlobal)
	table, err := rawbtf.Parse(b.Bytes(), binary.LittleEndian)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]rawbtf.ID{"same": {first, second}, "x": {short}, "none": nil, "int": nil}
	if got := table.FindNamed(1<<rawbtf.Func|1<<rawbtf.Var, []string{"same", "x", "", "none", "int"}); !reflect.DeepEqual(got, want) {
		t.Errorf("%v, not %v", got, want)
	}
}

// A module's types may have names that stand in the base's strings.
func TestFindNamedOfSplit(t *testing.T) {
	base, split := splitPair(t)
	want := map[string][]rawbtf.ID{"mod_t": {4}, "shared": nil}
	if got := split.FindNamed(1<<rawbtf.Typedef|1<<rawbtf.Struct, []string{"mod_t", "shared"}); !reflect.DeepEqual(got, want) {
		t.Errorf("%v, not %v", got, want)
	}
	raw := []byte{0x9f, 0xeb, 1, 0, 24, 0, 0, 0}
	for _, v := range []uint32{0, 12, 12, 1, 7 /* "shared" */, uint32(rawbtf.Typedef) << 24, 1} {
		raw = binary.LittleEndian.AppendUint32(raw, v)
	}
	split, err := rawbtf.ParseSplit(append(raw, 0), binary.LittleEndian, base)
	if err != nil {
		t.Fatal(err)
	}
	if name := split.Type(3).Name(); name != "shared" {
		t.Fatalf("type 3 is %q", name)
	}
	if got := split.FindNamed(1<<rawbtf.Typedef, []string{"shared"}); !reflect.DeepEqual(got, map[string][]rawbtf.ID{"shared": {3}}) {
		t.Errorf("%v", got)
	}
}
