package legacymaps

import (
	"testing"

	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/mapdef"
)

// linked is what a static linker leaves of five definitions: the symbols of two
// are gone.
func linked() *elftest.Object {
	o := elftest.Legacy(nil, "maps",
		lm{Name: "lost_first", Words: words(1, 4, 4, 1, 0)}, lm{Name: "a", Words: words(1, 4, 4, 2, 0)},
		lm{Name: "lost_1", Words: words(1, 4, 4, 3, 0)}, lm{Name: "lost_2", Words: words(1, 4, 4, 4, 0)},
		lm{Name: "b", Words: words(1, 4, 4, 5, 0)})
	o.Symbols = []elftest.Symbol{o.Symbols[1], o.Symbols[4], elftest.SectionSymbol("maps")}
	return o
}

func TestLinkerLeavesWeakDefinitions(t *testing.T) {
	defs, warns := parse(t, linked(), Options{})
	if len(defs) != 2 || defs[0].MaxEntries != 2 || defs[1].MaxEntries != 5 || defs[0].Size != 20 {
		t.Errorf("L45 definitions are %+v", defs)
	}
	if len(warns) != 2 || warns[0].Offset != mapdef.At(0) || warns[1].Offset != mapdef.At(40) || warns[1].Code != "unnamed_definition" {
		t.Errorf("L45 warnings are %+v", warns)
	}
}

func TestReferencedBytesAreNotLeftOut(t *testing.T) {
	for _, off := range []uint64{0, 19, 40, 60, 79} {
		o := linked()
		code := elftest.Exec("socket", elftest.LdImm64(o.File().Order, elftest.R1, 0, off))
		code.Relocs = []elftest.Reloc{{Type: mapdef.R_BPF_64_64, Symbol: "maps"}}
		o.Sections = append(o.Sections, code)
		wantError(t, o, Options{}, "unclaimed_bytes")
	}
}
