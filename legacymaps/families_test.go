package legacymaps

import (
	"testing"

	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/mapdef"
)

// TestPrefixes: shorter definitions of a family are prefixes of its layout (L13,
// L31, L51).
func TestPrefixes(t *testing.T) {
	for _, c := range []struct {
		rule, dialect string
		words         []uint32
		want          string
	}{
		{"L51 16", dIproute2, words(1, 4, 4, 4), "m 1/4/4/4/0"},
		{"L51 20", dIproute2, words(1, 4, 4, 4, 1), "m 1/4/4/4/1"},
		{"L51 24", dIproute2, words(1, 4, 4, 4, 1, 9), "m 1/4/4/4/1"},
		{"L51 28", dIproute2, words(1, 4, 4, 4, 1, 9, 2), "m 1/4/4/4/1 pin=global:tc/globals/m"},
		{"L51 32", dIproute2, words(1, 4, 4, 4, 1, 9, 2, 0), "m 1/4/4/4/1 pin=global:tc/globals/m"},
		{"L51 36", dIproute2, words(1, 4, 4, 4, 1, 9, 2, 0, 0), "m 1/4/4/4/1 pin=global:tc/globals/m"},
		{"L51 40 with a zero tail", dIproute2, words(1, 4, 4, 4, 1, 9, 2, 0, 0, 0), "m 1/4/4/4/1 pin=global:tc/globals/m"},
		{"L31 16", dSamples, words(1, 4, 4, 4), "m 1/4/4/4/0"},
		{"L31 36 with a zero tail", dSamples, words(1, 4, 4, 4, 4, 0, 1, 0, 0), "m 1/4/4/4/4 node=1"},
		{"L80 20", dAya, words(1, 4, 4, 4, 1), "m 1/4/4/4/1"},
		{"L80 24", dAya, words(1, 4, 4, 4, 1, 0), "m 1/4/4/4/1"},
		{"G16", dGobpf, words(1, 4, 4, 4), "m 1/4/4/4/0"},
		{"L71 flags of G280", dGobpf, bytesOf(280, 1, 4, 4, 4, 1), "m 1/4/4/4/1"},
		{"L76 G280 unpinned", dGobpf, bytesOf(280, 1, 4, 4, 4, 0), "m 1/4/4/4/0"},
		{"I20 16", dIproute241, words(1, 4, 4, 4), "m 1/4/4/4/0"},
		{"I24 20", dIproute245, words(3, 4, 4, 4, 9), "m 3/4/4/4/0"},
	} {
		defs, _ := parse(t, elftest.Legacy(nil, "maps", lm{Name: "m", Words: c.words}), Options{Dialect: c.dialect})
		if got := summaries(defs); got != c.want {
			t.Errorf("%s %s: %q, want %q", c.rule, c.dialect, got, c.want)
		}
	}
}

// TestTails: what follows a layout must be zero in every dialect (L14).
func TestTails(t *testing.T) {
	for _, info := range Dialects() {
		p := parser{table: dialects()}
		rows := p.row(info.Name).layouts
		size := rows[len(rows)-1].size
		w := bytesOf(int(size)+8, 1, 4, 8, 16)
		w[size/4+1] = 0xbeef
		o := elftest.Legacy(nil, "maps", lm{Name: "m", Words: w})
		e := wantError(t, o, Options{Dialect: info.Name}, "unknown_field", info.Name, "0xbeef")
		if e.Offset != mapdef.At(size+4) {
			t.Errorf("L14 %s: offset %v, want %d", info.Name, e.Offset, size+4)
		}
		defs, _ := parse(t, o, Options{Dialect: info.Name, Relaxed: true})
		if len(defs[0].Tail) != 8 {
			t.Errorf("L14 %s relaxed: tail %v", info.Name, defs[0].Tail)
		}
	}
}

func TestDatadogIndex(t *testing.T) {
	outer := func(idx, pinning uint32) *elftest.Object {
		return elftest.Legacy(elftest.Orders()[0], "maps/router", lm{Name: "in", Words: bytesOf(284, 1, 4, 4, 4)},
			lm{Name: "out", Words: bytesOf(284, 12, 4, 4, 4, 0, idx, pinning, 0x736e)})
	}
	wantError(t, outer(1, 0), Options{}, "inner_map_idx", "datadog") // L75
	defs, _ := parse(t, outer(0, 2), Options{})
	if got := summary(defs, &defs[1]); got != "out 12/4/4/4/0 inner=in pin=global:ns/globals/out" {
		t.Errorf("L75 L11 %q", got)
	}
}

func TestAyaSections(t *testing.T) {
	defs, _ := parse(t, elftest.Legacy(nil, "maps/EVENTS", lm{Name: "EVENTS", Words: words(1, 4, 4, 4, 0, 0, 1)}), Options{Dialect: dAya})
	if defs[0].Pinning != mapdef.PinByName || defs[0].Aliases != nil {
		t.Errorf("L80 %+v", defs[0])
	}
	outer := elftest.Legacy(nil, "maps", lm{Name: "in", Words: words(1, 4, 4, 4, 0, 0, 0)}, lm{Name: "out", Words: words(12, 4, 0, 4, 0, 0, 0)})
	if defs, _ = parse(t, outer, Options{Dialect: dAya}); defs[1].InnerMap != mapdef.NoMap || defs[1].ValueSize != 4 {
		t.Errorf("L82 aya has no inner maps: %+v", defs[1])
	}
}

func TestRedbpfSections(t *testing.T) {
	o := elftest.Legacy(nil, "maps", lm{Name: "a", Words: words(1, 4, 4, 4, 1)}, lm{Name: "b", Words: words(2, 4, 4, 4, 0)})
	o.Sections = append(o.Sections, elftest.Data("maps.ext", make([]byte, 8)))
	defs, _ := parse(t, o, Options{})
	if got := summaries(defs); got != "a 1/4/4/4/1\nb 2/4/4/4/0" || defs[0].Dialect != dRedbpf {
		t.Errorf("L84 %q as %s", got, defs[0].Dialect)
	}
}
