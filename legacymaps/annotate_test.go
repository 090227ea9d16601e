package legacymaps

import (
	"testing"

	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

// annotated is a map "m" of key size 4 and value size 8 whose BTF build makes.
func annotated(build func(b *elftest.BTF, u32, u64 elftest.ID)) *elftest.Object {
	b := elftest.NewBTF(nil)
	u32, u64 := b.Int("u32", 4, elftest.Unsigned), b.Int("u64", 8, elftest.Unsigned)
	build(b, u32, u64)
	o := elftest.Legacy(nil, "maps", lm{Name: "m", Words: words(1, 4, 8, 16, 0)})
	o.Sections = append(o.Sections, b.Section())
	return o
}

func TestAnnotations(t *testing.T) {
	member := func(name string, id elftest.ID, bit uint32) elftest.Member {
		return elftest.Member{Name: name, Type: id, BitOffset: bit}
	}
	for _, c := range []struct {
		rule    string
		build   func(b *elftest.BTF, u32, u64 elftest.ID)
		found   bool
		warning string
	}{
		{"L101 by name", func(b *elftest.BTF, u32, u64 elftest.ID) {
			b.Struct("____btf_map_m", 16, member("key", u32, 0), member("value", u64, 64))
		}, true, ""},
		{"L101 by name in any order", func(b *elftest.BTF, u32, u64 elftest.ID) {
			b.Struct("____btf_map_m", 16, member("value", u64, 0), member("key", u32, 64))
		}, true, ""},
		{"L101 by position", func(b *elftest.BTF, u32, u64 elftest.ID) {
			b.Struct("____btf_map_m", 16, member("k", u32, 0), member("v", u64, 64), member("more", u64, 128))
		}, true, ""},
		{"L100 redbpf's variable", func(b *elftest.BTF, u32, u64 elftest.ID) {
			b.Var("MAP_BTF_m", b.Typedef("t", b.Struct("renamed", 16, member("key", u32, 0), member("value", u64, 64))), rawbtf.LinkGlobal)
		}, true, ""},
		{"L100 another map's", func(b *elftest.BTF, u32, u64 elftest.ID) {
			b.Struct("____btf_map_mm", 16, member("key", u32, 0), member("value", u64, 64))
		}, false, ""},
		{"L100 no struct", func(b *elftest.BTF, u32, u64 elftest.ID) {
			b.Typedef("____btf_map_m", u32)
		}, false, ""},
		{"L101 one member", func(b *elftest.BTF, u32, u64 elftest.ID) {
			b.Struct("____btf_map_m", 16, member("key", u32, 0))
		}, false, "annotation_members"},
		{"L102 key size", func(b *elftest.BTF, u32, u64 elftest.ID) {
			b.Struct("____btf_map_m", 16, member("key", u64, 0), member("value", u64, 64))
		}, false, "annotation_size"},
		{"L102 value size", func(b *elftest.BTF, u32, u64 elftest.ID) {
			b.Struct("____btf_map_m", 16, member("key", u32, 0), member("value", u32, 64))
		}, false, "annotation_size"},
		{"L102 no size", func(b *elftest.BTF, u32, u64 elftest.ID) {
			b.Struct("____btf_map_m", 16, member("key", 0, 0), member("value", u64, 64))
		}, false, "annotation_size"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			defs, warns := parse(t, annotated(c.build), Options{})
			if d := defs[0]; c.found != (d.KeyType == 1 && d.ValueType == 2) || !c.found && (d.KeyType != 0 || d.ValueType != 0) {
				t.Errorf("types %d, %d", d.KeyType, d.ValueType)
			}
			if c.warning == "" && len(warns) != 0 || c.warning != "" && (len(warns) != 1 || warns[0].Code != c.warning || warns[0].Map != "m") {
				t.Errorf("warnings %+v", warns)
			}
		})
	}
}
