package elfload

import (
	"testing"

	"github.com/bpfload/bpfload/internal/mapdef"
)

// Maps are found by the place of their definition or by their data section, never by an
// offset that a broken relocation makes of -1.
func TestMapIndex(t *testing.T) {
	def := func(dialect string, section, data int, offset uint64) PlannedMap {
		return PlannedMap{MapDef: MapDef{Dialect: dialect, SectionIndex: section, DataSection: data, Offset: offset}}
	}
	x := newMapIndex([]PlannedMap{def(mapdef.DialectBTF, 7, 0, 32), def(mapdef.DialectData, 4, 0, 0), def(mapdef.DialectBTF, 7, 0, 0), def(mapdef.DialectBTF, 7, 9, 64)})
	for _, row := range []struct {
		section int
		offset  uint64
		data    bool
		want    int
	}{
		{7, 0, false, 2}, {7, 32, false, 0}, {7, 64, false, 3}, {7, 8, false, -1}, {4, 0, false, -1}, {4, 0, true, 1}, {9, 0, true, 3}, {7, 0, true, -1},
		{4, 1<<64 - 1, false, -1}, {9, 1<<64 - 1, false, -1}, {1, 0, false, -1}, {8, 0, true, -1},
	} {
		got, ok := x.MapAt(row.section, row.offset)
		if row.data {
			got, ok = x.DataMap(row.section)
		}
		if ok != (row.want >= 0) || ok && got != row.want {
			t.Errorf("%+v: %d, %v", row, got, ok)
		}
	}
}
