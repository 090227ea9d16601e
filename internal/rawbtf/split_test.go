package rawbtf_test

import (
	"encoding/binary"
	"testing"

	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

// splitPair is a base with an int and a struct, and BTF upon it with a pointer
// to that struct and a function whose name is the base's.
func splitPair(t *testing.T) (base, split *rawbtf.Table) {
	t.Helper()
	b := elftest.NewBTF(nil)
	num := b.Int("int", 4, elftest.Signed)
	b.Struct("shared", 4, elftest.Member{Name: "x", Type: num})
	base, err := rawbtf.Parse(b.Bytes(), binary.LittleEndian)
	if err != nil {
		t.Fatal(err)
	}
	// Ids and string offsets are relative to the base, as in a module: a type
	// table of one record and a string section that begins with the name.
	raw := []byte{0x9f, 0xeb, 1, 0, 24, 0, 0, 0}
	u32 := func(v uint32) { raw = binary.LittleEndian.AppendUint32(raw, v) }
	baseStrs := binary.LittleEndian.Uint32(b.Bytes()[20:])
	for _, v := range []uint32{0, 24, 24, 6} {
		u32(v)
	}
	for _, v := range []uint32{0, uint32(rawbtf.Ptr) << 24, 2, baseStrs, uint32(rawbtf.Typedef) << 24, 3} {
		u32(v)
	}
	raw = append(raw, "mod_t\x00"...)
	if split, err = rawbtf.ParseSplit(raw, binary.LittleEndian, base); err != nil {
		t.Fatal(err)
	}
	for n := range raw {
		if _, err := rawbtf.ParseSplit(raw[:n], binary.LittleEndian, base); err == nil {
			t.Errorf("the first %d bytes are taken for a whole table", n)
		}
	}
	return base, split
}

func TestParseSplit(t *testing.T) {
	base, split := splitPair(t)
	if split.Len() != base.Len()+2 || !split.Valid(4) || split.Valid(5) {
		t.Errorf("%d types upon %d", split.Len(), base.Len())
	}
	if ty, ok := split.Find(rawbtf.Typedef, "mod_t"); !ok || ty.ID != 4 || ty.Name() != "mod_t" {
		t.Errorf("mod_t is %+v, %t", ty, ok)
	}
	if ty, ok := split.FindAny("shared"); ok {
		t.Errorf("Find looks into the base: %+v", ty)
	}
	if got := split.CName(4); got != "mod_t" {
		t.Errorf("type 4 is %q", got)
	}
	if got := split.CName(3); got != "struct shared *" {
		t.Errorf("type 3 is %q", got)
	}
	if ty := split.Type(2); !ty.NameIs("shared") || ty.Member(0).Name() != "x" {
		t.Errorf("type 2 is %q", ty.Name())
	}
	if n, err := split.Sizeof(2); n != 4 || err != nil {
		t.Errorf("size of type 2: %d, %v", n, err)
	}
}
