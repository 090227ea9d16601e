package legacymaps

import (
	"debug/elf"
	"strings"
	"testing"

	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/mapdef"
)

// bySize are definitions without BTF, and what L114 makes of them. A dialect of
// "?" is ambiguous, "!" an unknown layout.
var bySize = []struct {
	rule     string
	words    []uint32 // of map a
	second   []uint32 // of map b, nil for none
	programs []string // further executable sections
	dialect  string
	list     string // the candidates of an ambiguity
}{
	{rule: "L114 16", words: words(1, 4, 8, 16), dialect: dLibbpf},
	{rule: "L114 20", words: words(1, 4, 8, 16, 1), dialect: dLibbpf},
	{rule: "A2 20 with word 16 and no tail call", words: words(3, 4, 4, 16, 3), programs: []string{"4/1"}, dialect: dLibbpf},
	{rule: "L114 I20", words: words(3, 4, 4, 16, 3), programs: []string{"3/1"}, dialect: dIproute241},
	{rule: "L114 20 with id 0", words: words(3, 4, 4, 16, 0), programs: []string{"0/1"}, dialect: dIproute2},
	{rule: "L115 20 with flags that do not exist", words: words(1, 4, 8, 16, 1<<30), dialect: "?", list: "iproute2-4.1, deepflow"},
	{rule: "L36 20 and socket/0", words: words(3, 4, 4, 16, 0), programs: []string{"socket/0"}, dialect: dSamples},
	{rule: "L36 kprobe of a function is no tail call", words: words(3, 4, 4, 16, 0), programs: []string{"kprobe/sys_x"}, dialect: dLibbpf},
	{rule: "L36 tail call without program array", words: words(1, 4, 4, 16, 0), programs: []string{"socket/0"}, dialect: dLibbpf},
	{rule: "A3 24", words: words(1, 4, 8, 16, 0, 0), dialect: dSamples},
	{rule: "L114 24 map of maps", words: words(1, 4, 8, 16, 0, 0), second: words(12, 4, 4, 4, 0, 0), dialect: dSamples},
	{rule: "L114 I24 by id", words: words(3, 4, 4, 16, 7, 0), programs: []string{"7/1"}, dialect: dIproute245},
	{rule: "L114 I24 by pinning 1", words: words(1, 4, 8, 16, 0, 1), dialect: dIproute245},
	{rule: "L114 I24 by pinning 2", words: words(1, 4, 8, 16, 0, 2), dialect: dIproute245},
	{rule: "A3 Calico by id at 20", words: words(3, 4, 4, 16, 0, 1), programs: []string{"1/0"}, dialect: dIproute2},
	{rule: "L98 X24", words: words(24, 2, 4, 8, 16, 0), second: words(24, 1, 4, 8, 16, 0), dialect: "windows"},
	{rule: "L98 24 bytes of socket storage are no Windows", words: words(24, 4, 8, 0, 1, 0), dialect: dSamples},
	{rule: "L114 28 all zero", words: words(1, 4, 8, 16, 1, 0, 0), dialect: dSamples},
	{rule: "L114 28 map of maps", words: words(1, 4, 8, 16, 0, 0, 0), second: words(13, 4, 4, 4, 0, 0, 0), dialect: dSamples},
	{rule: "L114 28 numa", words: words(1, 4, 8, 16, 4, 0, 1), dialect: dSamples},
	{rule: "L114 28 tail call", words: words(3, 4, 4, 16, 0, 9, 0), programs: []string{"9/1"}, dialect: dIproute2},
	{rule: "L114 28 tail call of id 0", words: words(3, 4, 4, 16, 0, 0, 1), programs: []string{"0/1"}, dialect: dIproute2},
	{rule: "L114 28 pinning 2", words: words(1, 4, 8, 16, 0, 0, 2), dialect: dIproute2},
	{rule: "L114 28 id and pinning 1", words: words(1, 4, 8, 16, 0, 0, 1), second: words(1, 4, 8, 16, 0, 5, 0), dialect: dIproute2},
	{rule: "L114 28 an id that nothing uses", words: words(1, 4, 8, 16, 0, 5, 0), dialect: dIproute2},
	{rule: "A1 28 pinning 1", words: words(1, 4, 8, 16, 0, 0, 1), dialect: "?", list: "iproute2, aya"},
	{rule: "L114 28 AWS", words: words(1, 4, 8, 16, 0, 2, 0), programs: []string{"tc_cls"}, dialect: dAWS},
	{rule: "L114 28 AWS kprobe", words: words(1, 4, 8, 16, 0, 2, 0), programs: []string{"kprobe/x"}, dialect: dAWS},
	{rule: "L114 28 id 2 with tc's section", words: words(1, 4, 8, 16, 0, 2, 0), programs: []string{"classifier"}, dialect: dIproute2},
	{rule: "L114 28 only a 2 at 20", words: words(1, 4, 8, 16, 0, 2, 0), dialect: "?", list: "iproute2, aya, aws"},
	{rule: "L114 32 zero", words: words(1, 4, 8, 16, 1, 0, 0, 0), dialect: dLibbpf},
	{rule: "L114 32 otherwise", words: words(1, 4, 8, 16, 0, 0, 1, 0), dialect: "!"},
	{rule: "L114 36", words: words(1, 4, 8, 16, 0, 0, 0, 0, 0), dialect: dIproute2},
	{rule: "L114 N40", words: words(1, 4, 8, 16, 0, 0, 0, 0, 1, 0x10000), dialect: dAndroid},
	{rule: "L114 40 without a version range", words: words(1, 4, 8, 16, 0, 0, 7, 0, 0, 0), dialect: "!"},
	{rule: "L114 44 zero", words: words(1, 4, 8, 16, 1, 0, 0, 0, 0, 0, 0), dialect: dLibbpf},
	{rule: "L114 44 otherwise", words: words(1, 4, 8, 16, 1, 0, 0, 0, 0, 0, 1), dialect: "!"},
	{rule: "L114 two sizes agree", words: words(1, 4, 8, 16, 1), second: words(1, 4, 8, 16, 4, 0, 2), dialect: dSamples},
	{rule: "L114 two sizes differ", words: words(1, 4, 8, 16, 4, 0, 2), second: words(1, 4, 8, 16, 0, 0, 0, 0, 1), dialect: "?", list: "samples, iproute2"},
}

func TestBySize(t *testing.T) {
	for _, order := range elftest.Orders() {
		for _, c := range bySize {
			t.Run(c.rule+" "+order.String(), func(t *testing.T) {
				defs := []lm{{Name: "a", Words: c.words}}
				if c.second != nil {
					defs = append(defs, lm{Name: "b", Words: c.second})
				}
				o := elftest.Legacy(order, "maps", defs...)
				for _, name := range c.programs {
					o.Sections = append(o.Sections, code(order, name))
				}
				switch c.dialect {
				case "?":
					wantError(t, o, Options{}, "ambiguous_dialect", c.list, "--dialect NAME")
				case "!":
					wantError(t, o, Options{}, "unknown_layout", "unknown layout", "--dialect NAME")
				case dWindows:
					wantError(t, o, Options{}, "refused_dialect", "Windows")
				default:
					got, _ := parse(t, o, Options{})
					if got[0].Dialect != c.dialect || got[0].Evidence == "" {
						t.Errorf("%q because of %q, want %q", got[0].Dialect, got[0].Evidence, c.dialect)
					}
				}
			})
		}
	}
}

// bytesOf is a definition of n bytes that begins with those words.
func bytesOf(n int, w ...uint32) []uint32 {
	all := make([]uint32, n/4)
	copy(all, w)
	return all
}

func TestBigSizes(t *testing.T) {
	for _, c := range []struct {
		rule, section string
		words         []uint32
		dialect       string
	}{
		{"L111 280 in maps/x", "maps/x", bytesOf(280, 1, 4, 8, 16), dGobpf},
		{"L111 284 in maps/x", "maps/x", bytesOf(284, 1, 4, 8, 16), dDatadog},
		{"L114 280", "maps", bytesOf(280, 1, 4, 8, 16), dGobpf},
		{"L114 284", "maps", bytesOf(284, 1, 4, 8, 16), dDatadog},
		{"L114 116", "maps", bytesOf(116, 1, 4, 8, 16, 0, 0, 0, 0, 0, 0x10000), dAndroid},
		{"L114 120", "maps", bytesOf(120, 1, 4, 8, 16, 0, 0, 0, 0, 0, 0x10000), dAndroid},
		{"L114 120 zero", "maps", bytesOf(120, 1, 4, 8, 16, 1), dLibbpf},
	} {
		defs, _ := parse(t, elftest.Legacy(nil, c.section, lm{Name: "a", Words: c.words}), Options{})
		if defs[0].Dialect != c.dialect {
			t.Errorf("%s: %q because of %q", c.rule, defs[0].Dialect, defs[0].Evidence)
		}
	}
}

// TestFacts: what the rest of an object says in doubtful cases.
func TestFacts(t *testing.T) {
	doubt := func() *elftest.Object {
		return elftest.Legacy(nil, "maps", lm{Name: "a", Words: words(1, 4, 8, 16, 0, 0, 1)})
	}
	c := doubt()
	c.Symbols = append(c.Symbols, elftest.Symbol{Name: "prog.c", Type: elf.STT_FILE, Index: elf.SHN_ABS})
	if defs, _ := parse(t, c, Options{}); defs[0].Dialect != dIproute2 || !strings.Contains(defs[0].Evidence, "prog.c") {
		t.Errorf("A1 a C source: %q because of %q", defs[0].Dialect, defs[0].Evidence)
	}
	for _, name := range []string{"rust_begin_unwind", "_ZN4core9panicking5panicE", "core::panicking"} {
		r := doubt()
		r.Symbols = append(r.Symbols, elftest.Symbol{Name: name})
		if defs, _ := parse(t, r, Options{}); defs[0].Dialect != dAya || defs[0].Pinning != mapdef.PinByName {
			t.Errorf("A1 symbol %q: %q because of %q", name, defs[0].Dialect, defs[0].Evidence)
		}
	}
	for _, name := range []string{"size_of_bpf_map_def", "progs", "bpfloader_min_ver", "critical"} {
		a := doubt()
		a.Sections = append(a.Sections, elftest.Data(name, []byte{28, 0, 0, 0}))
		if defs, _ := parse(t, a, Options{ObjectName: "x.o"}); defs[0].Dialect != dAndroid || defs[0].PinPath != "map_x_a" {
			t.Errorf("L111 section %q: %q, pin %q", name, defs[0].Dialect, defs[0].PinPath)
		}
	}
	code := doubt()
	code.Sections = append(code.Sections, elftest.Exec("progs", elftest.Exit(elftest.Orders()[0])))
	wantError(t, code, Options{}, "ambiguous_dialect")
}

// TestForcedWins: the caller's dialect against all evidence (L110).
func TestForcedWins(t *testing.T) {
	w := words(3, 4, 4, 16, 5, 1, 2)
	for _, c := range []struct {
		dialect string
		want    string
	}{
		{dSamples, "a 3/4/4/16/5 node=2"},
		{dIproute2, "a 3/4/4/16/5 pin=global:tc/globals/a"},
		{dCilium, "a 3/4/4/16/5 pin=global:tc/globals/a"},
		{dCalico, "a 3/4/4/16/5 pin=global:tc/globals/a"},
		{dFalco, "a 3/4/4/16/5"},
		{dKatran, "a 3/4/4/16/5 node=2"},
	} {
		defs, _ := parse(t, elftest.Legacy(nil, "maps", lm{Name: "a", Words: w}), Options{Dialect: c.dialect})
		if got := summaries(defs); got != c.want || defs[0].Dialect != c.dialect || defs[0].Evidence != "named by the caller" {
			t.Errorf("L110 %s: %q because of %q", c.dialect, got, defs[0].Evidence)
		}
	}
	for _, name := range []string{dLibbpf, dRedbpf, dPerf, dDeepflow, dIproute241, dIproute245} {
		wantError(t, elftest.Legacy(nil, "maps", lm{Name: "a", Words: w}), Options{Dialect: name}, "unknown_field", name)
	}
	wantError(t, elftest.Legacy(nil, "maps", lm{Name: "a", Words: w}), Options{Dialect: dAya}, "pinning", "neither 0 (none) nor 1")
	wantError(t, elftest.Legacy(nil, "maps", lm{Name: "a", Words: w}), Options{Dialect: dAWS}, "inner_map_fd")
}
