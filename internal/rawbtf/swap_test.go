package rawbtf_test

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

// Swapped BTF says the same in the other order, and swapped twice is as before.
func TestSwapped(t *testing.T) {
	files, err := filepath.Glob("../../testdata/objs/*.o")
	if err != nil || len(files) < 100 {
		t.Fatalf("%d fixtures, %v", len(files), err)
	}
	orders := elftest.Orders()
	for _, path := range files {
		raw, big, ok := sectionBTF(path)
		if !ok {
			continue
		}
		from, to := orders[0], orders[1]
		if big {
			from, to = to, from
		}
		table, err := rawbtf.Parse(raw, from)
		if err != nil {
			continue // broken on purpose
		}
		other, err := rawbtf.Parse(table.Swapped(), to)
		if err != nil || other.Len() != table.Len() {
			t.Fatalf("%s: %v", path, err)
		}
		for id := rawbtf.ID(1); int(id) < table.Len(); id++ {
			a, b := table.Type(id), other.Type(id)
			if a.Kind != b.Kind || a.Name() != b.Name() || a.Vlen != b.Vlen || table.CName(id) != other.CName(id) {
				t.Fatalf("%s: type %d is a %s %q of %d, swapped a %s %q of %d", path, id, a.Kind, a.Name(), a.Vlen, b.Kind, b.Name(), b.Vlen)
			}
		}
		if !bytes.Equal(other.Swapped(), raw) {
			t.Errorf("%s: swapped twice it is not the same", path)
		}
	}
}
