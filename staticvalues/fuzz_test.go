package staticvalues_test

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"math"
	"testing"

	"github.com/bpfload/bpfload/btfmaps"
	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/mapdef"
	"github.com/bpfload/bpfload/staticvalues"
)

// FuzzResolve breaks the relocations, symbols and definitions of an object with
// maps of maps and a program array: slots or an error, ascending, each within
// what there is, and the same twice.
func FuzzResolve(f *testing.F) {
	f.Add([]byte{}, byte(0))
	f.Add([]byte{0, 8, 2, 1, 16, 0, 2, 1}, byte(1))
	f.Add([]byte{3, 0xff, 1, 0xff, 4, 4, 3, 7}, byte(2))
	f.Fuzz(func(t *testing.T, edits []byte, how byte) {
		file := valuesFile(orderOf(how))
		defs, _, err := btfmaps.Parse(file)
		if err != nil {
			t.Fatal(err)
		}
		for len(edits) >= 4 {
			edit(file, defs, edits[:4])
			edits = edits[4:]
		}
		first, err := slotsOf(file, defs)
		for i := range first {
			for j, s := range first[i] {
				if s.Target.Index < 0 || (s.Target.Kind == mapdef.TargetMap && s.Target.Index >= len(defs)) || (j > 0 && first[i][j-1].Index >= s.Index) {
					t.Errorf("slots of %d: %+v", i, first[i])
				}
			}
		}
		if (first == nil) == (err == nil) {
			t.Errorf("slots %v and error %v", first, err)
		}
		again, err2 := slotsOf(file, defs)
		if a, b := fmt.Sprintf("%v %v", first, err), fmt.Sprintf("%v %v", again, err2); a != b {
			t.Errorf("%s, then %s", a, b)
		}
	})
}

func orderOf(how byte) binary.ByteOrder { return elftest.Orders()[how&1] }

// valuesFile has three inner maps, an array of maps, a hash of maps and a
// program array, all with values.
func valuesFile(order binary.ByteOrder) *mapdef.File {
	b := newBuilder(order)
	for i := range 3 {
		b.innerMap(fmt.Sprintf("inner%d", i))
	}
	b.outer("array", arrayOfMaps, 4, 4)
	b.outer("hash", hashOfMaps, 4, 4)
	b.jumps("jumps", 4)
	return b.Object().File()
}

func slotsOf(f *mapdef.File, defs []mapdef.Def) ([][]mapdef.Slot, error) {
	return staticvalues.Resolve(f, defs, func(section int, off uint64) (int, bool) { return int(off / 8), off%8 == 0 && off < 32 })
}

// edit changes one thing: what, at which index, which way, to which value.
func edit(f *mapdef.File, defs []mapdef.Def, e []byte) {
	odd := [...]uint64{0, 1, 4, 8, 16, 24, 32, 40, 64, 72, 4096, math.MaxUint32, math.MaxUint32 - 7, 1 << 35, math.MaxUint64, math.MaxUint64 - 7}
	n := odd[e[3]%16]
	sec := f.SectionNamed(".maps")
	d := &defs[int(e[1])%len(defs)]
	switch s := &f.Symbols[int(e[1])%len(f.Symbols)]; e[0] % 8 {
	case 0:
		f.Relocs[sec.Index] = append(f.Relocs[sec.Index], mapdef.Reloc{Offset: d.Offset + uint64(e[2])*8, Type: 1 + uint32(e[3])%2,
			Symbol: int(e[2]) % len(f.Symbols), Addend: int64(n), HasAddend: e[3]&1 == 1, Table: sec.Index})
	case 1:
		s.Value = n
	case 2:
		s.Section = elf.SectionIndex(0xfff0 * int(e[2]&1))
	case 3:
		d.Size, d.Offset = n, d.Offset+uint64(e[2])
	case 4:
		d.Values.Bytes = n
	case 5:
		d.KeySize = uint32(n)
	case 6:
		d.Type = uint32(e[3])
	case 7:
		sec.Data = bytes.Clone(sec.Data)[:min(int(e[3]), len(sec.Data))]
	}
}
