package legacymaps

import (
	"crypto/sha1"
	"fmt"
	"testing"

	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/mapdef"
)

func TestObjectNamespace(t *testing.T) {
	f := elftest.Legacy(nil, "maps", lm{Name: "m", Words: words(1, 4, 4, 4, 0, 0, 1, 0, 0)}).File()
	defs, _, err := Parse(f, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("tc/%x/m", sha1.Sum(f.Raw)); defs[0].PinPath != want || defs[0].Pinning != mapdef.PinObject {
		t.Errorf("L57 %s, want %s", defs[0].PinPath, want)
	}
}

// iproute2Pin is a map pinned as one of iproute2's numbers.
func iproute2Pin(name string, pinning uint32) *elftest.Object {
	return elftest.Legacy(nil, "maps", lm{Name: name, Words: words(1, 4, 4, 4, 0, 0, pinning, 0, 0)})
}

func TestBadPinPaths(t *testing.T) {
	gobpf := func(section, namespace string) *elftest.Object {
		b := append(make([]byte, 0, 280), 1, 0, 0, 0, 4, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0)
		b = append(b, namespace...)
		return elftest.Legacy(nil, section, lm{Name: "m", Bytes: b[:280:280]})
	}
	for _, c := range []struct {
		rule string
		o    *elftest.Object
		opts Options
		code string
	}{
		{"L57 a name with a slash", iproute2Pin("a/b", 2), Options{}, "pin_path"},
		{"L57 dots", iproute2Pin("..", 2), Options{}, "pin_path"},
		{"L57 a table entry that leaves the root", iproute2Pin("m", 5), Options{PinTable: map[uint32]string{5: "../x"}}, "pin_path"},
		{"L57 a table entry that is not clean", iproute2Pin("m", 5), Options{PinTable: map[uint32]string{5: "a//b"}}, "pin_path"},
		{"L57 an empty table entry", iproute2Pin("m", 5), Options{PinTable: map[uint32]string{5: "/"}}, "pin_path"},
		{"L72 an empty namespace", gobpf("maps/m", ""), Options{}, "pin_namespace"},
		{"L72 a namespace that leaves the root", gobpf("maps/m", "../.."), Options{}, "pin_path"},
		{"L72 a namespace that is not clean", gobpf("maps/m", "a/./b"), Options{}, "pin_path"},
		{"L72 an absolute namespace", gobpf("maps/m", "/a"), Options{}, "pin_path"},
		{"L72 a section with two slashes", gobpf("maps/x/y", "ns"), Options{}, "pin_path"},
		{"L94 an Android directory", elftest.Legacy(nil, "maps", lm{Name: "m", Words: bytesOf(48, 1, 4, 4, 4, 0, 0, 0, 0, 0, 9)}), Options{ObjectName: "x", AndroidPrefix: "../"}, "pin_path"},
		{"L97 an AWS prefix", elftest.Legacy(nil, "maps", lm{Name: "m", Words: words(1, 4, 4, 4, 0, 2, 0)}), Options{Dialect: dAWS, AWSPrefix: "a/"}, "pin_path"},
	} {
		t.Run(c.rule, func(t *testing.T) { wantError(t, c.o, c.opts, c.code) })
	}
}

func TestGobpfPinning(t *testing.T) {
	for _, c := range []struct {
		rule    string
		pinning uint32
		opts    Options
		want    string
		warning string
	}{
		{"L72 none", 0, Options{}, "m=x 1/4/4/4/0", ""},
		{"L72 object namespace", 1, Options{}, "m=x 1/4/4/4/0 pin=object:", "pin_place"},
		{"L72 custom without a path", 3, Options{}, "m=x 1/4/4/4/0 pin=custom:", "pin_place"},
		{"L72 custom by section", 3, Options{PinPath: map[string]string{"x": "/a/b"}}, "m=x 1/4/4/4/0 pin=custom:a/b", ""},
		{"L72 custom by symbol", 3, Options{PinPath: map[string]string{"m": "a"}}, "m=x 1/4/4/4/0 pin=custom:a", ""},
		{"L72 other values", 9, Options{Dialect: dGobpf}, "m=x 1/4/4/4/0", ""},
	} {
		o := elftest.Legacy(nil, "maps/x", lm{Name: "m", Words: bytesOf(280, 1, 4, 4, 4, 0, c.pinning)})
		defs, warns := parse(t, o, c.opts)
		if got := summaries(defs); got != c.want {
			t.Errorf("%s: %q", c.rule, got)
		}
		if c.warning == "" && len(warns) != 0 || c.warning != "" && (len(warns) != 1 || warns[0].Code != c.warning) {
			t.Errorf("%s: warnings %+v", c.rule, warns)
		}
		if c.warning != "" {
			c.opts.Strict = true
			wantError(t, o, c.opts, "pin_place")
		}
	}
}

func TestIproute2Inner(t *testing.T) {
	inner := lm{Name: "in", Words: words(2, 4, 8, 4, 0, 7, 0, 0, 0)}
	for _, c := range []struct {
		rule string
		defs []lm
		code string
		want string
	}{
		{"L52 no map with the id", []lm{{Name: "o", Words: words(12, 4, 4, 4, 0, 0, 0, 7, 0)}}, "inner_id", ""},
		{"L54 a map of maps", []lm{{Name: "x", Words: words(12, 4, 4, 4, 0, 7, 0, 0, 0)}, {Name: "o", Words: words(12, 4, 4, 4, 0, 0, 0, 7, 0)}}, "inner_id", ""},
		{"L53 slot outside", []lm{{Name: "in", Words: words(2, 4, 8, 4, 0, 7, 0, 0, 4)}, {Name: "o", Words: words(12, 4, 4, 4, 0, 0, 0, 7, 0)}}, "slot_range", ""},
		{"L53 key size", []lm{inner, {Name: "o", Words: words(13, 8, 4, 4, 0, 0, 0, 7, 0)}}, "key_size", ""},
		{"L53 key size of a template only", []lm{{Name: "in", Words: words(2, 4, 8, 4, 0, 7, 0, 0, noInnerIdx)}, {Name: "o", Words: words(13, 8, 4, 4, 0, 0, 0, 7, 0)}},
			"", "in 2/4/8/4/0\no 13/8/4/4/0 inner=in"},
		{"L53 a hash has no range", []lm{{Name: "in", Words: words(2, 4, 8, 4, 0, 7, 0, 0, 99)}, {Name: "o", Words: words(13, 4, 4, 4, 0, 0, 0, 7, 0)}},
			"", "in 2/4/8/4/0\no 13/4/4/4/0 inner=in [99]=in"},
		{"L52 the outer map first", []lm{{Name: "o", Words: words(12, 4, 0, 4, 0, 0, 0, 7, 0)}, inner}, "", "o 12/4/4/4/0 inner=in [0]=in\nin 2/4/8/4/0"},
		{"L52 without inner_id", []lm{inner, {Name: "o", Words: words(12, 4, 4, 4, 0, 0, 0, 0, 0)}}, "", "in 2/4/8/4/0\no 12/4/4/4/0"},
		{"L53 an inner map that has an inner_id itself", []lm{inner, {Name: "p", Words: words(2, 4, 8, 4, 0, 7, 0, 3, 1)}, {Name: "o", Words: words(12, 4, 4, 4, 0, 0, 0, 7, 0)}},
			"", "in 2/4/8/4/0\np 2/4/8/4/0\no 12/4/4/4/0 inner=in [0]=in"},
		{"L53 two outer maps", []lm{inner, {Name: "o", Words: words(12, 4, 4, 4, 0, 0, 0, 7, 0)}, {Name: "p", Words: words(13, 4, 4, 4, 0, 0, 0, 7, 0)}},
			"", "in 2/4/8/4/0\no 12/4/4/4/0 inner=in [0]=in\np 13/4/4/4/0 inner=in [0]=in"},
	} {
		t.Run(c.rule, func(t *testing.T) {
			o := elftest.Legacy(nil, "maps", c.defs...)
			if c.code != "" {
				wantError(t, o, Options{}, c.code, "iproute2")
				return
			}
			if defs, _ := parse(t, o, Options{}); summaries(defs) != c.want {
				t.Errorf("%s\nwant\n%s", summaries(defs), c.want)
			}
		})
	}
}

func TestIproute2SlotReplaced(t *testing.T) {
	o := elftest.Legacy(nil, "maps", lm{Name: "a", Words: words(2, 4, 8, 4, 0, 7, 0, 0, 1)}, lm{Name: "b", Words: words(2, 4, 8, 4, 0, 7, 0, 0, 1)},
		lm{Name: "c", Words: words(2, 4, 8, 4, 0, 7, 0, 0, 0)}, lm{Name: "o", Words: words(12, 4, 4, 4, 0, 0, 0, 7, 0)})
	defs, warns := parse(t, o, Options{})
	if got := summary(defs, &defs[3]); got != "o 12/4/4/4/0 inner=a [0]=c [1]=b" || len(warns) != 1 || warns[0].Code != "slot_replaced" || warns[0].Map != "b" {
		t.Errorf("L53 %s, %+v", got, warns)
	}
}

func TestKatranIndex(t *testing.T) {
	for _, c := range []struct {
		rule string
		idx  uint32
		opts Options
	}{
		{"katran unset", 0xffffffff, Options{}},
		{"katran past 32", 32, Options{}},
		{"katran a prototype that is no map", 3, Options{InnerTemplates: map[uint32]string{3: "nowhere"}}},
		{"katran a prototype that is the map itself", 3, Options{InnerTemplates: map[uint32]string{3: "o"}}},
	} {
		c.opts.Dialect = dKatran
		o := elftest.Legacy(nil, "maps", lm{Name: "o", Words: words(12, 4, 4, 4, 0, c.idx, 0)})
		wantError(t, o, c.opts, "inner_map_idx", "prototype")
	}
}

func TestAya(t *testing.T) {
	for _, typ := range []uint32{typeDevmap, typeCPUMap, typeDevmapHash} {
		o := elftest.Legacy(nil, "maps", lm{Name: "m", Words: words(typ, 4, 4, 4, 0, 0, 0)})
		plain, _ := parse(t, o, Options{Dialect: dAya})
		fixed, _ := parse(t, o, Options{Dialect: dAya, AyaFixups: true})
		if plain[0].ValueSize != 4 || fixed[0].ValueSize != 8 {
			t.Errorf("L83 type %d: %d, %d", typ, plain[0].ValueSize, fixed[0].ValueSize)
		}
	}
}

func TestAWS(t *testing.T) {
	for pinning, want := range []mapdef.Pinning{mapdef.PinNone, mapdef.PinNone, mapdef.PinGlobal, mapdef.PinNone} {
		defs, _ := parse(t, elftest.Legacy(nil, "maps", lm{Name: "m", Words: words(1, 4, 4, 4, 0, uint32(pinning), 0)}), Options{Dialect: dAWS})
		if defs[0].Pinning != want {
			t.Errorf("L97 pinning %d is %s", pinning, defs[0].Pinning)
		}
	}
}
