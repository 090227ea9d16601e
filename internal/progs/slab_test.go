package progs

import (
	"slices"
	"testing"
)

// TestSlab finds that finished slices keep what they hold, whatever is begun, appended
// and outgrown afterwards.
func TestSlab(t *testing.T) {
	s := slab[int]{chunk: 16}
	var made [][]int
	for n := range 40 {
		b := s.begin(n % 5)
		if len(b) != 0 || cap(b) < n%5 {
			t.Fatalf("slice %d begins with %d of %d", n, len(b), cap(b))
		}
		for i := range n { // most outgrow what they asked for, some the room
			b = append(b, n*100+i)
		}
		if n%7 == 3 {
			continue // given up, as after an error
		}
		b = s.end(b)
		if cap(b) != len(b) {
			t.Fatalf("slice %d has room for others", n)
		}
		made = append(made, b)
		_ = append(b, -1)
	}
	for _, b := range made {
		for i, v := range b {
			if v != b[0]/100*100+i || v/100 != len(b) {
				t.Fatalf("%v", b)
			}
		}
	}
	if s.end(s.begin(0)) != nil {
		t.Error("an empty slice is not nil")
	}
}

// TestLinkerKeepsPrograms links every program with one linker, those before an error
// and behind it too, and finds what a linker for each makes.
func TestLinkerKeepsPrograms(t *testing.T) {
	for _, path := range realObjects(t) {
		f := readObject(t, path)
		set, err := Parse(f)
		if err != nil {
			continue
		}
		one := set.NewLinker(symbolRefs{f})
		codes := make([]*Code, len(set.Programs))
		for i := range set.Programs {
			codes[i], _ = one.Link(i)
		}
		for i, got := range codes {
			want, err := set.Link(i, symbolRefs{f})
			if (err == nil) != (got != nil) {
				t.Errorf("%s: program %d: %v", path, i, err)
				continue
			}
			if err == nil && (!slices.Equal(got.Insns, want.Insns) || !slices.Equal(got.FuncInfo, want.FuncInfo) || !slices.Equal(got.LineInfo, want.LineInfo) ||
				!slices.Equal(got.Parts, want.Parts) || !slices.Equal(got.Maps, want.Maps) || !slices.Equal(got.Core, want.Core) || !slices.Equal(got.Externs, want.Externs)) {
				t.Errorf("%s: program %q differs", path, set.Programs[i].Name)
			}
		}
	}
}
