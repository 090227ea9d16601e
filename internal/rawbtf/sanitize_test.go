package rawbtf_test

import (
	"bytes"
	"testing"

	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/kerneltest"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

// lacking is a kernel that has everything but what the function takes away.
func lacking(take func(f *rawbtf.Features)) rawbtf.Features {
	f := rawbtf.AllFeatures()
	take(&f)
	return f
}

// sanitizeRows has one row for each rewriting of R137. Type 1 is int, type 2 the
// one that changes.
var sanitizeRows = []struct {
	name    string
	have    rawbtf.Features
	build   func(b *elftest.BTF)
	kind    rawbtf.Kind // of type 2 afterwards
	size    uint32      // of type 2 afterwards
	vlen    int
	newName string
	member  string // first member or enumerator of type 2 afterwards
}{
	{name: "VAR to INT", have: lacking(func(f *rawbtf.Features) { f.Datasec = false }), kind: rawbtf.Int, size: 1, newName: "v",
		build: func(b *elftest.BTF) { b.Var("v", 1, rawbtf.LinkGlobal) }},
	{name: "DECL_TAG to INT", have: lacking(func(f *rawbtf.Features) { f.DeclTag = false }), kind: rawbtf.Int, size: 1, newName: "tag",
		build: func(b *elftest.BTF) { b.DeclTag("tag", 3, -1); b.Struct("s", 0) }},
	{name: "DATASEC to STRUCT", have: lacking(func(f *rawbtf.Features) { f.Datasec = false }), kind: rawbtf.Struct, size: 8, vlen: 1, newName: "__data_a", member: "v",
		build: func(b *elftest.BTF) {
			b.Datasec("?.data.a", 8, elftest.SecInfo{Var: 3, Offset: 4, Size: 4})
			b.Var("v", 1, rawbtf.LinkGlobal)
		}},
	{name: "leading ? to _", have: lacking(func(f *rawbtf.Features) { f.QmarkName = false }), kind: rawbtf.Datasec, size: 8, vlen: 1, newName: "_.struct_ops",
		build: func(b *elftest.BTF) {
			b.Datasec("?.struct_ops", 8, elftest.SecInfo{Var: 3, Offset: 4, Size: 4})
			b.Var("v", 1, rawbtf.LinkGlobal)
		}},
	{name: "a slash to _", have: lacking(func(f *rawbtf.Features) { f.FreeName = false }), kind: rawbtf.Datasec, size: 8, vlen: 1, newName: "?maps_a_b.c",
		build: func(b *elftest.BTF) {
			b.Datasec("?maps/a-b.c", 8, elftest.SecInfo{Var: 3, Offset: 4, Size: 4})
			b.Var("v", 1, rawbtf.LinkGlobal)
		}},
	{name: "a slash and ? to _", have: lacking(func(f *rawbtf.Features) { f.FreeName, f.QmarkName = false, false }), kind: rawbtf.Datasec, size: 8, vlen: 1, newName: "_maps_a",
		build: func(b *elftest.BTF) {
			b.Datasec("?maps/a", 8, elftest.SecInfo{Var: 3, Offset: 4, Size: 4})
			b.Var("v", 1, rawbtf.LinkGlobal)
		}},
	{name: "FUNC_PROTO to ENUM", have: lacking(func(f *rawbtf.Features) { f.Func = false }), kind: rawbtf.Enum, size: 4, vlen: 2, member: "a",
		build: func(b *elftest.BTF) {
			b.FuncProto(1, elftest.Param{Name: "a", Type: 1}, elftest.Param{Type: 1})
			b.Func("f", 2, rawbtf.LinkGlobal)
		}},
	{name: "FUNC to TYPEDEF", have: lacking(func(f *rawbtf.Features) { f.Func = false }), kind: rawbtf.Typedef, newName: "f",
		build: func(b *elftest.BTF) { b.Func("f", 3, rawbtf.LinkGlobal); b.FuncProto(1) }},
	{name: "global FUNC to static FUNC", have: lacking(func(f *rawbtf.Features) { f.FuncGlobal = false }), kind: rawbtf.Func, newName: "f",
		build: func(b *elftest.BTF) { b.Func("f", 3, rawbtf.LinkGlobal); b.FuncProto(1) }},
	{name: "FLOAT to empty STRUCT", have: lacking(func(f *rawbtf.Features) { f.Float = false }), kind: rawbtf.Struct, size: 8,
		build: func(b *elftest.BTF) { b.Float("double", 8) }},
	{name: "TYPE_TAG to CONST", have: lacking(func(f *rawbtf.Features) { f.TypeTag = false }), kind: rawbtf.Const,
		build: func(b *elftest.BTF) { b.TypeTag("kptr", 1); b.Ptr(2) }},
	{name: "ENUM64 to UNION", have: lacking(func(f *rawbtf.Features) { f.Enum64 = false }), kind: rawbtf.Union, size: 8, vlen: 1, newName: "e", member: "A",
		build: func(b *elftest.BTF) { b.Enum64("e", 8, true, elftest.Enumerator{Name: "A", Value: 1 << 40}) }},
	{name: "signed ENUM to ENUM", have: lacking(func(f *rawbtf.Features) { f.Enum64 = false }), kind: rawbtf.Enum, size: 4, vlen: 1, newName: "e", member: "A",
		build: func(b *elftest.BTF) { b.Enum("e", 4, true, elftest.Enumerator{Name: "A", Value: 1}) }},
}

func TestSanitize(t *testing.T) {
	for _, row := range sanitizeRows {
		t.Run("R137 "+row.name, func(t *testing.T) {
			for _, order := range elftest.Orders() {
				b := elftest.NewBTF(order)
				b.Int("int", 4, elftest.Signed)
				row.build(b)
				raw := b.Bytes()
				if same, changed := rawbtf.Sanitize(raw, rawbtf.AllFeatures()); changed || !bytes.Equal(same, raw) {
					t.Errorf("%s: a kernel that has everything gets something else", order)
				}
				out, changed := rawbtf.Sanitize(raw, row.have)
				if !changed || len(out) != len(raw) || !bytes.Equal(raw, b.Bytes()) {
					t.Fatalf("%s: changed %t, %d bytes instead of %d", order, changed, len(out), len(raw))
				}
				table, err := rawbtf.Parse(out, order)
				if err != nil || table.Len() != b.Table().Len() {
					t.Fatalf("%s: ids have changed: %v", order, err)
				}
				ty := table.Type(2)
				member := ty.Member(0).Name() + ty.Enumerator(0).Name
				if ty.Kind != row.kind || ty.Size() != row.size || ty.Vlen != row.vlen || ty.KindFlag || ty.Name() != row.newName || member != row.member {
					t.Errorf("%s: type 2 is now %s %q of size %d, vlen %d, first member %q", order, ty.Kind, ty.Name(), ty.Size(), ty.Vlen, member)
				}
				if order == hostOrder() {
					t.Run("kernel", func(t *testing.T) { kerneltest.Require(t); mustLoad(t, out) })
				}
			}
		})
	}
}

func TestSanitizeForTheOldest(t *testing.T) {
	b := elftest.NewBTF(nil)
	i := b.Int("int", 4, elftest.Signed)
	for _, row := range sanitizeRows[3:] {
		row.build(b) // ids no longer fit, which is as well
	}
	out, _ := rawbtf.Sanitize(b.Bytes(), rawbtf.Features{})
	table, err := rawbtf.Parse(out, b.Order)
	if err != nil || !table.Valid(i) {
		t.Fatal(err)
	}
	for id := 1; id < table.Len(); id++ {
		if k := table.Type(rawbtf.ID(id)).Kind; k > rawbtf.Restrict {
			t.Errorf("type %d is still a %s", id, k)
		}
	}
}

func TestSanitizeBadInput(t *testing.T) {
	for _, raw := range [][]byte{nil, {0x9f}, make([]byte, 64)} {
		if out, changed := rawbtf.Sanitize(raw, rawbtf.Features{}); changed || !bytes.Equal(out, raw) {
			t.Errorf("%x became %x", raw, out)
		}
	}
}
