package btfmaps_test

import (
	"debug/elf"
	"encoding/binary"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/bpfload/bpfload/btfmaps"
	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/mapdef"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

// FuzzParse: whatever BTF and symbols say, the result is definitions or an
// error, never both, and the same twice. Each variable gets a symbol whose place comes
// from the second argument, where that has a byte for it.
func FuzzParse(f *testing.F) {
	for _, order := range elftest.Orders() {
		for _, row := range grammar {
			m := elftest.NewMaps(order)
			m.Map("map", row.members(m)...)
			m.Object() // adds the DATASEC
			f.Add(m.Bytes(), []byte{0}, order == elftest.Orders()[1])
		}
		for _, row := range valuesRows {
			m := elftest.NewMaps(order)
			m.Map("outer", row.members(m)...)
			m.Object()
			f.Add(m.Bytes(), []byte{2}, order == elftest.Orders()[1])
		}
		for _, row := range places {
			w := newWorld(order)
			row.build(w)
			w.file()
			f.Add(w.Bytes(), []byte{0, 2, 4}, order == elftest.Orders()[1])
		}
	}
	paths, err := filepath.Glob("../testdata/objs/*.o")
	if err != nil || len(paths) == 0 {
		f.Fatalf("no fixtures: %v", err)
	}
	for i, path := range paths {
		if file, err := elf.Open(path); err == nil && file.Section(".BTF") != nil {
			if raw, err := file.Section(".BTF").Data(); err == nil && len(raw) < 8192 {
				f.Add(raw, []byte{0, 4, 8, byte(i), 12}, file.ByteOrder == binary.BigEndian)
			}
			file.Close()
		}
	}
	f.Fuzz(func(t *testing.T, raw, at []byte, big bool) {
		order := binary.ByteOrder(binary.LittleEndian)
		if big {
			order = binary.BigEndian
		}
		file := fuzzFile(raw, at, order)
		defs, warns, err := btfmaps.Parse(file)
		if err != nil && (defs != nil || warns != nil) {
			t.Fatalf("definitions %v and error %v", defs, err)
		}
		for i := range defs {
			d := &defs[i]
			if d.Name == "" || d.Type == 0 || d.Offset+d.Size > 1024 || d.Values.Known && d.Values.Bytes > d.Offset+d.Size {
				t.Fatalf("definition %d is %+v", i, d)
			}
		}
		again, warnsAgain, errAgain := btfmaps.Parse(file)
		if !reflect.DeepEqual(defs, again) || !reflect.DeepEqual(warns, warnsAgain) || (err == nil) != (errAgain == nil) ||
			err != nil && err.Error() != errAgain.Error() {
			t.Fatalf("two runs differ: %v, %v, %v and %v, %v, %v", defs, warns, err, again, warnsAgain, errAgain)
		}
	})
}

// fuzzFile has one `.maps` section of 1 KiB and a symbol for each variable.
func fuzzFile(raw, at []byte, order binary.ByteOrder) *mapdef.File {
	f := (&elftest.Object{Order: order, Sections: []elftest.Section{elftest.Data(".maps", make([]byte, 1024))}}).File()
	f.BTF, f.BTFErr = rawbtf.Parse(raw, order)
	for i := 0; f.BTF != nil && i < f.BTF.Len() && len(at) > 0; i++ {
		if v := f.BTF.Type(rawbtf.ID(i)); v.Kind == rawbtf.Var {
			s := mapdef.Symbol{Index: len(f.Symbols), Name: v.Name(), Value: 8 * uint64(at[0]), Section: 1}
			s.Bind, s.Size = 1, uint64(at[0]%3)*16
			f.Symbols, at = append(f.Symbols, s), at[1:]
		}
	}
	return f
}
