package legacymaps

import (
	"testing"

	"github.com/bpfload/bpfload/internal/elftest"
)

// A perf event array has keys and values of 4 bytes, whatever its definition
// says (C45, C46); other types keep what stands there.
func TestPerfSizes(t *testing.T) {
	for _, order := range elftest.Orders() {
		defs, warns := parse(t, elftest.Legacy(order, "maps",
			lm{Name: "none", Words: words(typePerfEventArray, 0, 0, 8, 0)},
			lm{Name: "event", Words: words(typePerfEventArray, 4, 24, 8, 0)},
			lm{Name: "right", Words: words(typePerfEventArray, 4, 4, 8, 0)},
			lm{Name: "other", Words: words(1, 8, 24, 8, 0)}), Options{})
		want := [...][2]uint32{{4, 4}, {4, 4}, {4, 4}, {8, 24}}
		for i, w := range want {
			if got := [2]uint32{defs[i].KeySize, defs[i].ValueSize}; got != w {
				t.Errorf("%v: %q: sizes %d instead of %d", order, defs[i].Name, got, w)
			}
		}
		if len(warns) != 1 || warns[0].Code != "fixed_size" || warns[0].Map != "event" ||
			warns[0].Message != `value size 24 of "event" is not used: a perf event array has 4` {
			t.Errorf("%v: warnings %+v", order, warns)
		}
	}
}
