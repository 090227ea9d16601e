package elfload

import (
	"errors"
	"strings"
	"testing"

	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/mapdef"
)

func TestRoundRingBuffer(t *testing.T) {
	for _, c := range []struct {
		n, want uint32
		page    int
	}{ // R76
		{0, 0, 4096}, {1, 4096, 4096}, {4096, 4096, 4096}, {4097, 8192, 4096}, {5000, 8192, 4096}, {12288, 16384, 4096},
		{3 << 30, 3 << 30, 4096}, {1 << 31, 1 << 31, 4096}, {1<<31 + 1, 1<<31 + 1, 4096}, {4096, 65536, 65536}, {1, 16384, 16384},
	} {
		if got := roundRingBuffer(c.n, c.page); got != c.want {
			t.Errorf("R76: %d on pages of %d becomes %d, want %d", c.n, c.page, got, c.want)
		}
	}
}

func TestDataMapNames(t *testing.T) {
	for _, c := range []struct{ rule, object, section, name, kernel string }{
		{"R96", "abcdefghijk", ".data", "abcdefgh.data", "abcdefgh.data"},
		{"R96", "abcdefghijk", ".rodata", "abcdefgh.rodata", "abcdefgh.rodata"},
		{"R96", "abcdefghijk", ".bss", "abcdefgh.bss", "abcdefgh.bss"},
		{"R96", "abcdefghijk", ".kconfig", "abcdefg.kconfig", "abcdefg.kconfig"},
		{"R97", "abc", ".data.custom_section_long", ".data.custom_section_long", ".data.custom_se"},
		{"R98", "abc", ".data.my-sec", ".data.my-sec", ".data.my_sec"},
		{"R98", "we-ird", ".data", "we_ird.data", "we_ird.data"},
		{"D14", "abc", ".bss.very_long_name", ".bss.very_long_name", ".bss.very_long_"},
	} {
		name := dataMapName(c.object, c.section)
		if name != c.name || kernelName(name) != c.kernel {
			t.Errorf("%s: %s of %s is %q and %q, want %q and %q", c.rule, c.section, c.object, name, kernelName(name), c.name, c.kernel)
		}
	}
	for path, want := range map[string]string{ // R95
		"my_object_name_x.bpf.o": "my_object_name_", ".hidden.o": "", "dir/a.b.o": "a", "x": "x",
	} {
		if got := objectName(path); got != want {
			t.Errorf("R95: %s gives %q, want %q", path, got, want)
		}
	}
}

// mapsObject is an object with the definitions that build makes.
func mapsObject(t *testing.T, build func(*elftest.Maps)) *Object {
	t.Helper()
	m := elftest.NewMaps(nil)
	build(m)
	obj, err := Read(m.Object().Bytes(), ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return obj
}

func hashMap(m *elftest.Maps, name string, entries uint32) *elftest.MapVar {
	return m.Map(name, m.Uint("type", 1), m.Uint("key_size", 4), m.Uint("value_size", 8), m.Uint("max_entries", entries))
}

// What no kernel takes is refused before any system call, with the map's place.
func TestPlanRefuses(t *testing.T) {
	for _, c := range []struct {
		name, code string
		build      func(*elftest.Maps)
		opts       Options
	}{
		{"D17 max_entries 0", "map_size", func(m *elftest.Maps) { hashMap(m, "a", 0) }, Options{}},
		{"R75, D7 no inner map", "no_inner", func(m *elftest.Maps) {
			m.Map("a", m.Uint("type", 12), m.Uint("key_size", 4), m.Uint("value_size", 4), m.Uint("max_entries", 1))
		}, Options{}},
		{"no key size", "map_size", func(m *elftest.Maps) {
			m.Map("a", m.Uint("type", 1), m.Uint("value_size", 4), m.Uint("max_entries", 1))
		}, Options{}},
		{"pins that would be one file", "pin_twice", func(m *elftest.Maps) { hashMap(m, "a.b", 1); hashMap(m, "a_b", 1) }, Options{PinPath: "/p"}},
		{"a name that leaves the directory", "pin_name", func(m *elftest.Maps) { hashMap(m, "../a", 1) }, Options{PinPath: "/p"}},
		{"an unknown map", "map_unknown", func(m *elftest.Maps) { hashMap(m, "a", 1) }, Options{Maps: []MapOverride{{"b", "max_entries", "1"}}}},
		{"an unknown field", "map_override", func(m *elftest.Maps) { hashMap(m, "a", 1) }, Options{Maps: []MapOverride{{"a", "size", "1"}}}},
		{"a number that does not fit", "map_override", func(m *elftest.Maps) { hashMap(m, "a", 1) },
			Options{Maps: []MapOverride{{"a", "max_entries", "4294967296"}}}},
		{"an unknown variable", "var_unknown", func(m *elftest.Maps) { hashMap(m, "a", 1) }, Options{Vars: []Var{{"x", "1"}}}},
		{"an unknown program", "program_unknown", func(m *elftest.Maps) { hashMap(m, "a", 1) }, Options{Types: []ProgramType{{"p", "xdp"}}}},
		{"a hook that says no", "fixup", func(m *elftest.Maps) { hashMap(m, "a", 1) },
			Options{Fixup: func(*MapDef) error { return errors.New("no") }}},
	} {
		t.Run(c.name, func(t *testing.T) {
			plan, err := mapsObject(t, c.build).Plan(c.opts)
			var e *Error
			if plan != nil || !errors.As(err, &e) || e.Code != c.code || e.Stage != StagePlan {
				t.Errorf("plan %v, error %v, want code %s", plan, err, c.code)
			}
		})
	}
}

func TestOverrides(t *testing.T) {
	obj := mapsObject(t, func(m *elftest.Maps) { hashMap(m, "a", 0); hashMap(m, "b", 7) })
	plan, err := obj.Plan(Options{
		Maps: []MapOverride{{"a", "max_entries", "0x10"}, {"a", "map_flags", "1"}, {"a", "numa_node", "2"}, {"a", "pin", "by_name"}, {"b", "value_size", "16"}},
		Fixup: func(d *MapDef) error {
			if d.Name == "b" {
				d.MaxEntries++
			}
			return nil
		}})
	if err != nil {
		t.Fatal(err)
	}
	a, b := plan.Maps[0], plan.Maps[1]
	if a.MaxEntries != 16 || a.Flags != 1|flagNumaNode || a.NumaNode != 2 || a.PinPath != "/sys/fs/bpf/a" {
		t.Errorf("a is %+v", a)
	}
	if b.MaxEntries != 8 || b.ValueSize != 16 {
		t.Errorf("b is %+v", b)
	}
	if obj.Maps[0].MaxEntries != 0 || obj.Maps[1].MaxEntries != 7 {
		t.Error("planning has changed the object")
	}
}

// L24: a map that serves as template is created before the map of maps that
// names it; all others keep their order.
func TestCreationOrder(t *testing.T) {
	p := &Plan{}
	for _, inner := range []int{mapdef.NoMap, 3, mapdef.NoMap, mapdef.NoMap} {
		p.Maps = append(p.Maps, PlannedMap{MapDef: MapDef{InnerMap: inner}})
	}
	got := p.creationOrder()
	for i, want := range []int{0, 3, 1, 2} {
		if got[i] != want {
			t.Fatalf("order %v", got)
		}
	}
}

func TestSpecialField(t *testing.T) {
	b := elftest.NewBTF(nil)
	i := b.Int("int", 4, elftest.Signed)
	lock := b.Struct("bpf_spin_lock", 4, elftest.Member{Name: "val", Type: i})
	plain := b.Struct("plain", 4, elftest.Member{Name: "a", Type: i})
	deep := b.Struct("deep", 8, elftest.Member{Name: "p", Type: plain}, elftest.Member{Name: "l", Type: b.Array(b.Typedef("t", lock), i, 1), BitOffset: 32})
	kptr := b.Struct("holder", 8, elftest.Member{Name: "p", Type: b.Ptr(b.TypeTag("kptr", plain))})
	loop := b.Typedef("loop", b.Next())
	tab := b.Table()
	for id, want := range map[uint32]string{i: "", lock: "bpf_spin_lock", plain: "", deep: "bpf_spin_lock", kptr: "kptr", loop: "", 0: "", 999: ""} {
		if got := specialField(tab, id); got != want {
			t.Errorf("%s: %q, want %q", tab.CName(id), got, want)
		}
	}
}

func TestReadLog(t *testing.T) {
	for _, c := range []struct {
		log    string
		reason string
		insn   int
		source string
	}{
		{"func#0 @0\n0: R1=ctx() R10=fp0\n; return *p; @ x.c:3\n0: (61) r0 = *(u32 *)(r1 +100)          ; R1=ctx()\n" +
			"invalid bpf_context access off=100 size=4\nprocessed 1 insns (limit 1000000) max_states_per_insn 0\n",
			"invalid bpf_context access off=100 size=4", 0, "return *p; @ x.c:3"},
		{"0: (95) exit\nR0 !read_ok\nprocessed 1 insns\nverification time 3 usec\nstack depth 0\n", "R0 !read_ok", 0, ""},
		{"processed 0 insns (limit 1000000)\n", "", -1, ""},
		{"", "", -1, ""},
		{"12: (85) call pc+2\nfrom 3 to 5: R0=scalar()\nback-edge from insn 14 to 3\n", "back-edge from insn 14 to 3", 12, ""},
		{"4: (85) call pc+1\ninvalid read from stack R1 off=-8 size=16\nCaller passes invalid args into func#1 ('foo')\n", "invalid read from stack R1 off=-8 size=16", 4, ""},
		{"6: (05) goto pc-1\ninfinite loop detected at insn 6\ncur state: R0=1 R10=fp0\nold state: R0=1 R10=fp0\n", "infinite loop detected at insn 6", 6, ""},
	} {
		v := readLog(c.log)
		if v.Reason != c.reason || v.Insn != c.insn || v.Source != c.source {
			t.Errorf("%q: %+v", c.log, v)
		}
	}
	if v := readLog(strings.Repeat("x", 1<<20)); len(v.Reason) != 1<<20 {
		t.Error("a long line was lost")
	}
}
