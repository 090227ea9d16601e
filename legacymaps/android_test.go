package legacymaps

import (
	"testing"

	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/mapdef"
)

func TestAndroidStride(t *testing.T) {
	build := func(stride ...byte) *elftest.Object {
		o := elftest.Legacy(elftest.Orders()[0], "maps", lm{Name: "a", Words: bytesOf(48, 1, 4, 4, 4)}, lm{Name: "b", Words: bytesOf(48, 1, 4, 4, 4)})
		o.Sections = append(o.Sections, elftest.Data("size_of_bpf_map_def", stride))
		return o
	}
	if defs, _ := parse(t, build(48, 0, 0, 0, 9, 9), Options{}); len(defs) != 2 {
		t.Errorf("L90 only the first four bytes count: %v", defs)
	}
	for _, c := range []struct {
		rule   string
		stride []byte
	}{
		{"L90 no multiple", []byte{40, 0, 0, 0}},
		{"L90 not the symbols' size", []byte{32, 0, 0, 0}},
		{"L90 zero", []byte{0, 0, 0, 0}},
		{"L90 cut off", []byte{48, 0}},
	} {
		t.Run(c.rule, func(t *testing.T) { wantError(t, build(c.stride...), Options{}, "android_stride") })
	}
}

func TestAndroidLayouts(t *testing.T) {
	for _, c := range []struct {
		rule  string
		words []uint32
		want  map[string]uint64
	}{
		{"N28", words(1, 4, 4, 4, 0, 0, 0), map[string]uint64{"inner_map_idx": 0}},
		{"N32", words(1, 4, 4, 4, 0, 1, 2, 3), map[string]uint64{"uid": 1, "gid": 2, "mode": 3}},
		{"N40", words(1, 4, 4, 4, 0, 1, 2, 3, 4, 5), map[string]uint64{"uid": 1, "bpfloader_min_ver": 4, "bpfloader_max_ver": 5}},
		{"N48", words(1, 4, 4, 4, 0, 1, 2, 3, 4, 5, 6, 7), map[string]uint64{"uid": 1, "min_kver": 6, "max_kver": 7}},
		{"N116", bytesOf(116, 1, 4, 4, 4, 0, 1, 2, 3, 4, 5, 6, 7), map[string]uint64{"uid": 1, "max_kver": 7, "shared": 0}},
		{"N120", append(bytesOf(116, 1, 4, 4, 4, 0, 0, 2, 3, 4, 5, 6, 7), 9), map[string]uint64{"uid": 9, "gid": 2, "max_kver": 7, "ignore_on": 0}},
	} {
		for _, order := range elftest.Orders() {
			defs, _ := parse(t, elftest.Legacy(order, "maps", lm{Name: "m", Words: c.words}), Options{Dialect: dAndroid})
			for name, want := range c.want {
				if f, ok := defs[0].ExtValue(name); !ok || f.Value != want {
					t.Errorf("%s %s = %d, %v; want %d", c.rule, name, f.Value, ok, want)
				}
			}
		}
	}
	wantError(t, elftest.Legacy(nil, "maps", lm{Name: "m", Words: bytesOf(120, 1, 4, 4, 4, 0, 1)}), Options{Dialect: dAndroid}, "unknown_field", "must be zero")
}

func TestAndroidNames(t *testing.T) {
	for file, want := range map[string]string{"": "", "netd.o": "netd", "/etc/bpf/netd_shared/clatd.o": "clatd", "netd@btf.o": "netd", "netd": "netd", "a.b.o": "a.b"} {
		if got := androidObjectName(file); got != want {
			t.Errorf("L94 %q gives %q, want %q", file, got, want)
		}
	}
}

func TestAndroidGate(t *testing.T) {
	f := readObject(t, "../testdata/objs/legacy_android.o")
	defs, _, err := Parse(f, Options{})
	if err != nil {
		t.Fatal(err)
	}
	const stats, common = 0, 1
	for _, c := range []struct {
		rule string
		def  int
		host AndroidHost
		out  bool
	}{
		{"L93 nothing known", stats, AndroidHost{}, false},
		{"L93 kernel in range", stats, AndroidHost{KernelVersion: 6<<24 | 1<<16}, false},
		{"L93 kernel at the lower end", stats, AndroidHost{KernelVersion: 4<<24 | 14<<16}, false},
		{"L93 kernel too old", stats, AndroidHost{KernelVersion: 4<<24 | 9<<16 | 200}, true},
		{"L93 kernel at the upper end", common, AndroidHost{KernelVersion: 4<<24 | 9<<16}, true},
		{"L93 kernel below the upper end", common, AndroidHost{KernelVersion: 4<<24 | 8<<16 | 255}, false},
		{"L93 loader in range", stats, AndroidHost{LoaderVersion: 44}, false},
		{"L93 loader at the upper end", stats, AndroidHost{LoaderVersion: 0x10000}, true},
		{"L93 build type", common, AndroidHost{BuildType: "user"}, true},
		{"L93 another build type", common, AndroidHost{BuildType: "eng"}, false},
		{"L93 architecture", common, AndroidHost{Arch: "riscv64"}, true},
		{"L93 another architecture", common, AndroidHost{Arch: "x86_64"}, false},
	} {
		why, out := AndroidGate(&defs[c.def], c.host)
		if out != c.out || out == (why == "") {
			t.Errorf("%s: %v because %q", c.rule, out, why)
		}
	}
	old := mapdef.Def{Dialect: dAndroid}
	if why, out := AndroidGate(&old, AndroidHost{LoaderVersion: 0xffff, KernelVersion: 0xfffffffe}); out {
		t.Errorf("L91 defaults gate: %s", why)
	}
	if _, out := AndroidGate(&old, AndroidHost{LoaderVersion: 0x10000}); !out {
		t.Error("L91 the default upper end does not gate")
	}
	other := defs[common]
	other.Dialect = dSamples
	if _, out := AndroidGate(&other, AndroidHost{BuildType: "user"}); out {
		t.Error("L93 a definition of another dialect is gated")
	}
}

func TestAndroidObject(t *testing.T) {
	o, ok := ReadAndroidObject(readObject(t, "../testdata/objs/legacy_android.o"))
	if !ok || !o.Critical || o.MinVer != 13 || o.MaxVer != 0x10000 || o.MinRequiredVer != 0 {
		t.Errorf("L93 %+v, %v", o, ok)
	}
	if o, ok := ReadAndroidObject(readObject(t, "../testdata/objs/legacy_s20.o")); ok {
		t.Errorf("L93 %+v of another object", o)
	}
}

func TestAndroidMaps(t *testing.T) {
	for _, path := range forms(t, "legacy_android_maps") {
		f := readObject(t, path)
		defs := []mapdef.Def{{Name: "other"}, {Name: "stats", Dialect: mapdef.DialectBTF, InnerMap: mapdef.NoMap}}
		warns, err := ApplyAndroidMaps(f, defs)
		if err != nil || len(warns) != 0 {
			t.Fatalf("L96 %+v, %v", warns, err)
		}
		d := defs[1]
		if d.Pinning != mapdef.PinCustom || d.PinPath != "/sys/fs/bpf/netd_shared/map_netd_stats" || defs[0].Ext != nil {
			t.Errorf("L96 pin %s:%s", d.Pinning, d.PinPath)
		}
		for name, want := range map[string]uint64{"uid": 1000, "gid": 3003, "mode": 0660, "min_api_level": 33, "max_api_level": 10000, "min_kver": 0x04130000, "max_kver": 0xffffffff} {
			if v, ok := d.ExtValue(name); !ok || v.Value != want {
				t.Errorf("L96 %s is %d, %v", name, v.Value, ok)
			}
		}
		if v, _ := d.ExtValue("create_location"); v.Text != "/sys/fs/bpf/tmp/map_netd_stats" {
			t.Errorf("L96 create_location %q", v.Text)
		}
		if legacy, _, err := Parse(f, Options{}); legacy != nil || err != nil {
			t.Errorf("L3 .android_maps are read as definitions: %v, %v", legacy, err)
		}
		if warns, err = ApplyAndroidMaps(f, nil); err != nil || len(warns) != 1 || warns[0].Code != "android_record" {
			t.Errorf("L96 a record without a map: %+v, %v", warns, err)
		}
	}
	short := &elftest.Object{Sections: []elftest.Section{elftest.Data(".android_maps", make([]byte, 100))},
		Symbols: []elftest.Symbol{elftest.Global("m_def", ".android_maps", 0, 100)}}
	_, err := ApplyAndroidMaps(short.File(), nil)
	checkError(t, err, "element_size", "192")
	if warns, err := ApplyAndroidMaps((&elftest.Object{}).File(), nil); warns != nil || err != nil {
		t.Errorf("L96 no section: %v, %v", warns, err)
	}
}
