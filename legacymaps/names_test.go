package legacymaps

import (
	"encoding/binary"
	"testing"

	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/mapdef"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

// structDef makes an object with one map of a struct with those four-byte
// members, in this order, and those values.
func structDef(order binary.ByteOrder, structName string, members []string, values ...uint32) *elftest.Object {
	b := elftest.NewBTF(order)
	u32 := b.Int("unsigned int", 4, elftest.Unsigned)
	var ms []elftest.Member
	for i, name := range members {
		ms = append(ms, elftest.Member{Name: name, Type: u32, BitOffset: uint32(32 * i)})
	}
	st := b.Struct(structName, uint32(4*len(members)), ms...)
	return withVar(order, b, st, values)
}

// withVar is an object with a map "m" of that type and those words.
func withVar(order binary.ByteOrder, b *elftest.BTF, id elftest.ID, values []uint32) *elftest.Object {
	v := b.Var("m", id, rawbtf.LinkGlobal)
	b.Datasec("maps", 0, elftest.SecInfo{Var: v, Size: uint32(4 * len(values))})
	o := elftest.Legacy(order, "maps", lm{Name: "m", Words: values})
	o.Sections = append(o.Sections, b.Section())
	return o
}

func TestByNames(t *testing.T) {
	base := []string{"type", "key_size", "value_size", "max_entries"}
	with := func(more ...string) []string { return append(append([]string{}, base...), more...) }
	for _, order := range elftest.Orders() {
		for _, c := range []struct {
			rule, structName string
			members          []string
			dialect          string
		}{
			{"L112 size_key", "any", []string{"type", "size_key", "size_value", "max_elem", "flags", "id", "pinning"}, dIproute2},
			{"L112 bpf_elf_map", "bpf_elf_map", with("flags"), dIproute2},
			{"L112 I24 by names", "bpf_elf_map", []string{"type", "size_key", "size_value", "max_elem", "id", "pinning"}, dIproute245},
			{"L112 I20 by names", "bpf_elf_map", []string{"type", "size_key", "size_value", "max_elem", "id"}, dIproute241},
			{"L112 Calico member", "any", with("map_flags", "map_id", "pinning_strategy", "unused1", "unused2"), dIproute2},
			{"L112 Calico struct", "bpf_map_def_extended", with("map_flags", "map_id"), dIproute2},
			{"L112 goebpf", "any", []string{"map_type", "key_size", "value_size", "max_entries", "map_flags", "persistent_path"}, dGoebpf},
			{"L112 DataDog", "any", with("map_flags", "inner_map_idx", "pinning", "namespace"), dDatadog},
			{"L112 gobpf", "any", with("map_flags", "pinning", "namespace"), dGobpf},
			{"L112 AWS member", "any", with("map_flags", "pinning", "inner_map_fd"), dAWS},
			{"L112 AWS struct", "bpf_map_def_pvt", with("map_flags"), dAWS},
			{"L112 DeepFlow", "any", with("feat_flags"), dDeepflow},
			{"L112 Android", "any", with("map_flags", "uid", "gid", "mode"), dAndroid},
			{"L112 Windows members", "any", with("inner_map_idx", "pinning", "id", "inner_id"), dWindows},
			{"L112 Windows struct", "_ebpf_map_definition_in_file", base, dWindows},
			{"L98 X24 by names", "any", append([]string{"size"}, with("inner_map_idx")...), dWindows},
			{"L112 samples", "any", with("map_flags", "inner_map_idx"), dSamples},
			{"L112 samples with node", "bpf_map_def", with("map_flags", "inner_map_idx", "numa_node"), dSamples},
			{"L112 aya", "bpf_map_def", with("map_flags", "id", "pinning"), dAya},
			{"L112 aya's own names", "bpf_map_def", []string{"type_", "key_size", "value_size", "max_entries", "map_flags", "id", "pinning"}, dAya},
			{"L112 libbpf", "bpf_map_def", with("map_flags"), dLibbpf},
		} {
			t.Run(c.rule+" "+order.String(), func(t *testing.T) {
				values := make([]uint32, len(c.members))
				copy(values, words(1, 4, 8, 16))
				o := structDef(order, c.structName, c.members, values...)
				if c.dialect == dWindows {
					wantError(t, o, Options{}, "refused_dialect", "Windows")
					return
				}
				defs, _ := parse(t, o, Options{})
				if d := defs[0]; d.Dialect != c.dialect || d.Type != 1 || d.KeySize != 4 || d.ValueSize != 8 || d.MaxEntries != 16 {
					t.Errorf("%q because of %q: %+v", d.Dialect, d.Evidence, d)
				}
			})
		}
	}
}

// TestMovedMembers: names make positions irrelevant (L112).
func TestMovedMembers(t *testing.T) {
	for _, order := range elftest.Orders() {
		o := structDef(order, "x", []string{"max_entries", "numa_node", "map_flags", "type", "key_size", "value_size"}, 16, 3, 4, 1, 4, 8)
		defs, _ := parse(t, o, Options{})
		if numbers(defs[0]) != [6]uint32{1, 4, 8, 16, 4, 3} {
			t.Errorf("L112 %v", numbers(defs[0]))
		}
	}
}

func TestMembers(t *testing.T) {
	five := []string{"type", "key_size", "value_size", "max_entries", "map_flags"}
	e := wantError(t, structDef(nil, "x", append(five, "secret"), 1, 4, 8, 16, 0, 7), Options{}, "unknown_field", `"secret"`)
	if e.Offset != mapdef.At(20) || e.Symbol != "m" {
		t.Errorf("L112 L14 place %q %v", e.Symbol, e.Offset)
	}
	defs, _ := parse(t, structDef(nil, "x", append(five, "secret"), 1, 4, 8, 16, 0, 7), Options{Relaxed: true})
	if len(defs[0].Tail) != 4 || defs[0].Tail[0] != 7 {
		t.Errorf("L14 relaxed member: tail %v", defs[0].Tail)
	}
	for _, name := range []string{"pad", "pad0", "_pad", "unused", "unused1", "dummy"} {
		if defs, _ := parse(t, structDef(nil, "x", append(five, name), 1, 4, 8, 16, 0, 7), Options{}); len(defs) != 1 {
			t.Errorf("L112 member %q is not ignored", name)
		}
	}
	wantError(t, structDef(nil, "x", append(five, "uid", "gid", "mode", "zero"), 1, 4, 8, 16, 0, 0, 0, 0, 9), Options{}, "unknown_field", "must be zero", "android")
}

// TestCopiedForTC is A4: aya's struct with values that aya never has.
func TestCopiedForTC(t *testing.T) {
	names := []string{"type", "key_size", "value_size", "max_entries", "map_flags", "id", "pinning"}
	for _, c := range []struct {
		rule        string
		id, pinning uint32
		want        string
	}{{"A4 plain", 0, 0, dAya}, {"A4 by name", 0, 1, dAya}, {"A4 global", 0, 2, dIproute2}, {"A4 id", 3, 1, dIproute2}} {
		defs, _ := parse(t, structDef(nil, "bpf_map_def", names, 1, 4, 8, 16, 0, c.id, c.pinning), Options{ObjectID: "x"})
		if defs[0].Dialect != c.want {
			t.Errorf("%s: %q because of %q", c.rule, defs[0].Dialect, defs[0].Evidence)
		}
	}
}

func TestForcedAgainstNames(t *testing.T) {
	o := structDef(nil, "bpf_map_def", []string{"type", "key_size", "value_size", "max_entries", "map_flags"}, 3, 4, 4, 16, 5)
	defs, _ := parse(t, o, Options{Dialect: dIproute241})
	if id, ok := defs[0].ExtValue("id"); !ok || id.Value != 5 || defs[0].Flags != 0 {
		t.Errorf("L110 the caller's dialect reads %+v", defs[0])
	}
}

func TestStructShapes(t *testing.T) {
	le := elftest.Orders()[0]
	value := words(1, 4, 8, 16, 2)
	build := func(wrap func(b *elftest.BTF, def elftest.ID) elftest.ID) *elftest.Object {
		b := elftest.NewBTF(le)
		u32 := b.Int("u32", 4, elftest.Unsigned)
		var ms []elftest.Member
		for i, name := range []string{"type", "key_size", "value_size", "max_entries", "map_flags"} {
			ms = append(ms, elftest.Member{Name: name, Type: u32, BitOffset: uint32(32 * i)})
		}
		return withVar(le, b, wrap(b, b.Struct("bpf_map_def", 20, ms...)), value)
	}
	for _, c := range []struct {
		rule string
		wrap func(b *elftest.BTF, def elftest.ID) elftest.ID
	}{
		{"L112 const", func(b *elftest.BTF, d elftest.ID) elftest.ID { return b.Const(d) }},
		{"L112 typedef", func(b *elftest.BTF, d elftest.ID) elftest.ID { return b.Typedef("def_t", b.Volatile(d)) }},
		{"L112 Rust wrappers", func(b *elftest.BTF, d elftest.ID) elftest.ID {
			cell := b.Struct("UnsafeCell", 20, elftest.Member{Name: "value", Type: d})
			return b.Struct("HashMap", 20, elftest.Member{Name: "def", Type: cell})
		}},
		{"L112 Rust wrappers with empty members", func(b *elftest.BTF, d elftest.ID) elftest.ID {
			none := b.Struct("PhantomData", 0)
			return b.Struct("HashMap", 20, elftest.Member{Name: "def", Type: d}, elftest.Member{Name: "_k", Type: none, BitOffset: 160})
		}},
	} {
		defs, warns := parse(t, build(c.wrap), Options{})
		if defs[0].Flags != 2 || defs[0].Evidence != "BTF members of struct bpf_map_def" || len(warns) != 0 {
			t.Errorf("%s: %+v, %v", c.rule, defs[0], warns)
		}
	}
	wantError(t, build(func(b *elftest.BTF, d elftest.ID) elftest.ID { return b.Array(d, 1, 1) }), Options{}, "definition_array", "BTF says 1")
	// What BTF does not tell is decided without it.
	for _, c := range []struct {
		rule string
		wrap func(b *elftest.BTF, def elftest.ID) elftest.ID
	}{
		{"L112 no struct", func(b *elftest.BTF, _ elftest.ID) elftest.ID { return 1 }},
		{"L112 two members, none a type", func(b *elftest.BTF, _ elftest.ID) elftest.ID {
			return b.Struct("x", 20, elftest.Member{Name: "a", Type: 1}, elftest.Member{Name: "b", Type: 1, BitOffset: 32})
		}},
		{"L112 a wrapper of itself", func(b *elftest.BTF, _ elftest.ID) elftest.ID {
			return b.Struct("x", 20, elftest.Member{Name: "a", Type: b.Next()})
		}},
		{"L112 endlessly many empty structs", func(b *elftest.BTF, d elftest.ID) elftest.ID {
			id := b.Struct("leaf", 0)
			for range 7 {
				var ms []elftest.Member
				for range 1000 {
					ms = append(ms, elftest.Member{Name: "x", Type: id})
				}
				id = b.Struct("node", 0, ms...)
			}
			return id
		}},
		{"L112 a typedef of itself", func(b *elftest.BTF, _ elftest.ID) elftest.ID { return b.Typedef("t", b.Next()) }},
	} {
		defs, _ := parse(t, build(c.wrap), Options{})
		if defs[0].Flags != 2 || defs[0].Evidence != "20-byte definitions" {
			t.Errorf("%s: %q", c.rule, defs[0].Evidence)
		}
	}
}

// TestEmbedded: a definition inside a larger struct is read by name too.
func TestEmbedded(t *testing.T) {
	b := elftest.NewBTF(nil)
	u32 := b.Int("u32", 4, elftest.Unsigned)
	var ms []elftest.Member
	for i, name := range []string{"type", "key_size", "value_size", "max_entries", "map_flags"} {
		ms = append(ms, elftest.Member{Name: name, Type: u32, BitOffset: uint32(32 * i)})
	}
	outer := b.Struct("more", 28, elftest.Member{Name: "def", Type: b.Struct("bpf_map_def", 20, ms...)},
		elftest.Member{Name: "numa_node", Type: u32, BitOffset: 160}, elftest.Member{Name: "secret", Type: u32, BitOffset: 192})
	defs, _ := parse(t, withVar(elftest.Orders()[0], b, outer, words(1, 4, 8, 16, 4, 3, 0)), Options{})
	if defs[0].NumaNode != 3 || defs[0].Evidence != "BTF members of struct bpf_map_def" {
		t.Errorf("L112 %+v", defs[0])
	}
	e := wantError(t, withVar(elftest.Orders()[0], b, outer, words(1, 4, 8, 16, 4, 3, 9)), Options{}, "unknown_field", `"secret"`)
	if e.Offset != mapdef.At(24) {
		t.Errorf("L14 offset %v", e.Offset)
	}
}

func TestStructLargerThanDefinition(t *testing.T) {
	names := []string{"type", "key_size", "value_size", "max_entries", "map_flags", "id", "pinning"}
	o := structDef(nil, "bpf_map_def", names, 1, 4, 8, 16, 1)
	defs, warns := parse(t, o, Options{})
	if defs[0].Dialect != dLibbpf || len(warns) != 1 || warns[0].Code != "btf_size" {
		t.Errorf("L112 %+v, %+v", defs[0], warns)
	}
}

// TestBTFSizes: variables' types give the size that symbols of clang 7 lack (L112).
func TestBTFSizes(t *testing.T) {
	b := elftest.NewBTF(nil)
	u32 := b.Int("u32", 4, elftest.Unsigned)
	var infos []elftest.SecInfo
	for _, v := range []struct {
		name string
		n    int
	}{{"a", 5}, {"b", 7}, {"c", 5}} {
		var ms []elftest.Member
		for i, name := range []string{"type", "key_size", "value_size", "max_entries", "map_flags", "inner_map_idx", "numa_node"}[:v.n] {
			ms = append(ms, elftest.Member{Name: name, Type: u32, BitOffset: uint32(32 * i)})
		}
		infos = append(infos, elftest.SecInfo{Var: b.Var(v.name, b.Struct("def"+v.name, uint32(4*v.n), ms...), rawbtf.LinkGlobal)})
	}
	b.Datasec("maps", 0, infos...)
	o := untyped(20, 28, 20)
	o.Sections = append(o.Sections, b.Section())
	defs, _ := parse(t, o, Options{})
	if defs[1].Size != 28 || defs[2].Offset != 48 {
		t.Errorf("L9 L112 %+v", defs)
	}
}

func TestConflictingNames(t *testing.T) {
	b := elftest.NewBTF(nil)
	u32 := b.Int("u32", 4, elftest.Unsigned)
	var infos []elftest.SecInfo
	for _, s := range []struct{ v, last string }{{"a", "inner_map_idx"}, {"b", "pinning_strategy"}} {
		var ms []elftest.Member
		for i, name := range []string{"type", "key_size", "value_size", "max_entries", "map_flags", s.last} {
			ms = append(ms, elftest.Member{Name: name, Type: u32, BitOffset: uint32(32 * i)})
		}
		infos = append(infos, elftest.SecInfo{Var: b.Var(s.v, b.Struct("def"+s.v, 24, ms...), rawbtf.LinkGlobal)})
	}
	b.Datasec("maps", 0, infos...)
	o := elftest.Legacy(nil, "maps", lm{Name: "a", Words: words(1, 4, 8, 16, 0, 0)}, lm{Name: "b", Words: words(1, 4, 8, 16, 0, 0)})
	o.Sections = append(o.Sections, b.Section())
	wantError(t, o, Options{}, "ambiguous_dialect", "samples, iproute2", "--dialect NAME")
}
