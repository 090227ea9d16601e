package mapdef_test

import (
	"testing"

	"github.com/bpfload/bpfload/internal/mapdef"
)

func TestSectionsByName(t *testing.T) {
	f := &mapdef.File{}
	for i, name := range []string{"", "xdp", "maps", "xdp", "a", "xdp2", "xdp"} {
		f.Sections = append(f.Sections, mapdef.Section{Index: i, Name: name, Size: uint64(i)})
	}
	all := f.ByName(nil, func(s *mapdef.Section) bool { return s.Index != 3 })
	for name, want := range map[string][]int{"xdp": {1, 6}, "": {0}, "a": {4}, "xdp2": {5}, "xd": nil, "z": nil} {
		got := all.Named(name)
		if len(got) != len(want) {
			t.Errorf("%q: %d sections, not %d", name, len(got), len(want))
			continue
		}
		for i, s := range got {
			if s != &f.Sections[want[i]] {
				t.Errorf("%q: section %d, not %d", name, s.Index, want[i])
			}
		}
	}
	if n := len(f.ByName(nil, func(*mapdef.Section) bool { return false }).Named("xdp")); n != 0 {
		t.Error(n, "of none")
	}
}
