package elfload

import (
	"bytes"
	"context"
	"debug/elf"
	"encoding/binary"
	"strings"
	"syscall"
	"testing"

	"github.com/bpfload/bpfload/internal/bpfsys"
	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

// dataObject is an object with the sections, each holding one variable of its
// name without the dots, described by BTF with that linkage.
func dataObject(linkage int, sections ...elftest.Section) *elftest.Object {
	b := elftest.NewBTF(nil)
	i := b.Int("int", 4, elftest.Signed)
	o := &elftest.Object{}
	for _, s := range sections {
		name := strings.ReplaceAll(s.Name[1:], ".", "_")
		v := b.Var(name, i, linkage)
		b.Datasec(s.Name, 0, elftest.SecInfo{Var: v, Size: 4})
		sym := elftest.Global(name, s.Name, 0, 4)
		if linkage == rawbtf.LinkStatic {
			sym = elftest.Local(name, s.Name, 0, 4)
		}
		o.Symbols = append(o.Symbols, sym)
		o.Sections = append(o.Sections, s)
	}
	o.Sections = append(o.Sections, b.Section())
	return o
}

func bss(name string, size uint64) elftest.Section {
	return elftest.Section{Name: name, Type: elf.SHT_NOBITS, Flags: elf.SHF_ALLOC | elf.SHF_WRITE, Size: size}
}

func readObject(t *testing.T, o *elftest.Object) *Object {
	t.Helper()
	obj, err := Read(o.Bytes(), ReadOptions{Name: "abcdefghijk"})
	if err != nil {
		t.Fatal(err)
	}
	return obj
}

func TestDataMaps(t *testing.T) {
	obj := readObject(t, dataObject(rawbtf.LinkGlobal, elftest.Data(".data", []byte("thirteen byte")), elftest.Data(".rodata", []byte{1, 0, 0, 0}),
		bss(".bss", 8), elftest.Data(".data.own", []byte{0, 0, 0, 0}), bss(".bss.long_custom_name", 4)))
	for i, want := range []struct {
		name, section string
		size, flags   uint32
		frozen        bool
	}{
		{"abcdefgh.data", ".data", 13, flagMmapable, false},
		{"abcdefgh.rodata", ".rodata", 4, flagMmapable | flagRdonlyProg, true},
		{"abcdefgh.bss", ".bss", 8, flagMmapable, false},
		{".data.own", ".data.own", 4, flagMmapable, false},
		{".bss.long_custom_name", ".bss.long_custom_name", 4, flagMmapable, false},
	} {
		d := obj.Maps[i]
		t.Run("R90 R91 R99 "+want.section, func(t *testing.T) {
			if d.Type != mapTypeArray || d.KeySize != 4 || d.MaxEntries != 1 || d.ValueSize != want.size {
				t.Errorf("R90: %+v", d)
			}
			if d.Flags != want.flags || d.Frozen != want.frozen {
				t.Errorf("R91, R101: flags %#x, frozen %t, want %#x, %t", d.Flags, d.Frozen, want.flags, want.frozen)
			}
			if d.Name != want.name {
				t.Errorf("R99: name %q, want %q", d.Name, want.name)
			}
			for _, name := range []string{want.name, want.section} {
				if j, ok := obj.MapIndex(name); !ok || j != i {
					t.Errorf("R100: %q finds map %d, want %d", name, j, i)
				}
			}
			if ty := obj.file.BTF.Type(d.ValueType); d.KeyType != 0 || ty.Kind != rawbtf.Datasec || ty.Name() != want.section {
				t.Errorf("R92: key type %d, value type %s %q", d.KeyType, ty.Kind, ty.Name())
			}
		})
	}
	if !bytes.Equal(obj.Maps[0].Contents, []byte("thirteen byte")) || obj.Maps[2].Contents != nil {
		t.Errorf("R90, R94: contents %q and %q", obj.Maps[0].Contents, obj.Maps[2].Contents)
	}
}

func TestDataSections(t *testing.T) {
	for _, c := range []struct {
		name    string
		section elftest.Section
		want    bool
	}{
		{"R17 .data", elftest.Data(".data", []byte{1}), true},
		{"R17 .dataX", elftest.Data(".dataX", []byte{1}), false},
		{"R19 .bss.var", bss(".bss.var", 4), true},
		{"R20 NOBITS .data.x", bss(".data.x", 4), false},
		{"R20 PROGBITS .bss", elftest.Data(".bss", []byte{1}), false},
		{"R21 .data.", elftest.Data(".data.", []byte{1}), true},
		{"R26 empty", elftest.Data(".data", nil), false},
		{"R22 unreferenced string pool", elftest.Data(".rodata.str1.1", []byte("a\x00")), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			obj := readObject(t, &elftest.Object{Sections: []elftest.Section{c.section}})
			if got := len(obj.Maps) == 1; got != c.want {
				t.Errorf("maps %+v", obj.Maps)
			}
		})
	}
}

// R92: no type of the section's name, no types and no error; R101: neither does
// MMAPABLE come without one.
func TestDataWithoutBTF(t *testing.T) {
	obj := readObject(t, &elftest.Object{Sections: []elftest.Section{elftest.Data(".data", []byte{1, 2, 3})}})
	if d := obj.Maps[0]; d.KeyType != 0 || d.ValueType != 0 || d.Flags != 0 {
		t.Errorf("R92, R101: %+v", d)
	}
}

func TestMmapable(t *testing.T) {
	for _, c := range []struct {
		name string
		o    *elftest.Object
		want bool
	}{
		{"R101 global", dataObject(rawbtf.LinkGlobal, bss(".bss", 4)), true},
		{"R101 static only", dataObject(rawbtf.LinkStatic, bss(".bss", 4)), false},
		{"R101 hidden only", func() *elftest.Object {
			o := dataObject(rawbtf.LinkGlobal, bss(".bss", 4))
			o.Symbols[0].Vis = elf.STV_HIDDEN
			return o
		}(), false},
		{"R104, D15 a global lock", func() *elftest.Object {
			b := elftest.NewBTF(nil)
			i := b.Int("int", 4, elftest.Signed)
			v := b.Var("lock", b.Struct("bpf_spin_lock", 4, elftest.Member{Name: "val", Type: i}), rawbtf.LinkGlobal)
			b.Datasec(".bss", 0, elftest.SecInfo{Var: v, Size: 4})
			return &elftest.Object{Sections: []elftest.Section{bss(".bss", 4), b.Section()}, Symbols: []elftest.Symbol{elftest.Global("lock", ".bss", 0, 4)}}
		}(), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := readObject(t, c.o).Maps[0]
			if got := d.Flags&flagMmapable != 0; got != c.want {
				t.Errorf("flags %#x", d.Flags)
			}
		})
	}
}

// L105, R30, R31: the kernel's copy of the BTF has the sections' sizes and the
// variables' offsets, which clang leaves 0.
func TestKernelBTF(t *testing.T) {
	o := dataObject(rawbtf.LinkGlobal, elftest.Data(".data", make([]byte, 12)))
	o.Symbols[0].Value = 8
	plan, err := readObject(t, o).Plan(Options{})
	if err != nil {
		t.Fatal(err)
	}
	table, err := rawbtf.Parse(plan.BTF(), binary.LittleEndian)
	if err != nil {
		t.Fatal(err)
	}
	ds, ok := table.Find(rawbtf.Datasec, ".data")
	if !ok || ds.Size() != 12 || ds.SecInfo(0).Offset != 8 {
		t.Errorf("DATASEC size %d, %+v", ds.Size(), ds.SecInfo(0))
	}
}

// R105: fill, then freeze; R91: only read-only sections are frozen; R94: what a
// variable is set to is what is written.
func TestFillAndFreeze(t *testing.T) {
	obj := readObject(t, dataObject(rawbtf.LinkGlobal, elftest.Data(".rodata", []byte{1, 0, 0, 0}), elftest.Data(".data", []byte{2, 0, 0, 0}), bss(".bss", 4)))
	plan, err := obj.Plan(Options{Vars: []Var{{"bss", "7"}}})
	if err != nil {
		t.Fatal(err)
	}
	r := newRecorder()
	c, err := plan.load(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var got []string
	for _, call := range r.calls {
		if strings.HasPrefix(call, "map_update") || strings.HasPrefix(call, "map_freeze") {
			got = append(got, strings.Fields(call)[0]+" "+strings.Fields(call)[2])
		}
	}
	want := "map_update abcdefgh.rodata,map_freeze abcdefgh.rodata,map_update abcdefgh.data,map_update abcdefgh.bss"
	if strings.Join(got, ",") != want {
		t.Errorf("calls %v, want %s", got, want)
	}
	if plan.Maps[2].Contents[0] != 7 || obj.Maps[2].Contents != nil {
		t.Errorf("contents %v, and of the object %v", plan.Maps[2].Contents, obj.Maps[2].Contents)
	}
}

// R93, R143, L104: a map whose types the kernel refuses is created once more
// without them, with a warning; one whose value needs them is not (D11).
func TestRetryWithoutBTF(t *testing.T) {
	refuse := func(call string, attr any) syscall.Errno {
		if a, ok := attr.(*bpfsys.MapAttr); ok && a.BTFFD != 0 {
			return syscall.EINVAL
		}
		return 0
	}
	plan, err := readObject(t, dataObject(rawbtf.LinkGlobal, elftest.Data(".data", []byte{1, 0, 0, 0}))).Plan(Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := newRecorder()
	r.refuse = refuse
	c, err := plan.load(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if c.MapData[0].BTF || len(c.Warnings) != 1 || c.Warnings[0].Code != "map_without_btf" {
		t.Errorf("BTF %t, warnings %v", c.MapData[0].BTF, c.Warnings)
	}
	plan.Maps[0].NeedsBTF = "bpf_spin_lock"
	r = newRecorder()
	r.refuse = refuse
	if _, err := plan.load(context.Background(), r); err == nil {
		t.Error("D11: a map with a lock was created without its types")
	}
}

// R76, R77: an override of a ring buffer's size is rounded like the definition's.
func TestOverrideIsRounded(t *testing.T) {
	obj := mapsObject(t, func(m *elftest.Maps) { m.Map("ring", m.Uint("type", 27), m.Uint("max_entries", 4096)) })
	plan, err := obj.Plan(Options{PageSize: 4096, Maps: []MapOverride{{"ring", "max_entries", "5000"}}})
	if err != nil || plan.Maps[0].MaxEntries != 8192 {
		t.Errorf("R77: %d entries, %v", plan.Maps[0].MaxEntries, err)
	}
}

// R78: a perf event array without a size gets one element per possible CPU when
// it is created; a size is passed as it is.
func TestPerfEventArraySize(t *testing.T) {
	obj := mapsObject(t, func(m *elftest.Maps) {
		m.Map("none", m.Uint("type", 4))
		m.Map("many", m.Uint("type", 4), m.Uint("max_entries", 128))
	})
	plan, err := obj.Plan(Options{})
	if err != nil {
		t.Fatal(err)
	}
	r := newRecorder()
	r.cpus = 6
	c, err := plan.load(context.Background(), r)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if c.MapData[0].MaxEntries != 6 || c.MapData[1].MaxEntries != 128 {
		t.Errorf("R78: %d and %d entries", c.MapData[0].MaxEntries, c.MapData[1].MaxEntries)
	}
}

// R81: the pin by name is the root and the whole name.
func TestPinByNamePath(t *testing.T) {
	name := "a_name_that_is_longer_than_fifteen_bytes"
	obj := mapsObject(t, func(m *elftest.Maps) {
		m.Map(name, m.Uint("type", 1), m.Uint("key_size", 4), m.Uint("value_size", 4), m.Uint("max_entries", 1), m.Uint("pinning", 1))
	})
	for root, want := range map[string]string{"": "/sys/fs/bpf/" + name, "/my/root": "/my/root/" + name} {
		plan, err := obj.Plan(Options{BPFFS: root})
		if err != nil || plan.Maps[0].PinPath != want || plan.Maps[0].KernelName != name[:15] {
			t.Errorf("R81: %q, %q, %v", plan.Maps[0].PinPath, plan.Maps[0].KernelName, err)
		}
	}
}
