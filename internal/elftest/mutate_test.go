package elftest

import (
	"os"
	"path/filepath"
	"testing"
)

// What is broken already can be broken again: seed 134 may give a second section
// the name .BTF, and 126 then changes types.
func TestMutateTwice(t *testing.T) {
	paths, err := filepath.Glob("../../testdata/objs/*.o")
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for seed := range uint64(200) {
			Mutate(Mutate(raw, 134), seed)
			Mutate(Mutate(raw, seed), 126)
		}
	}
}
