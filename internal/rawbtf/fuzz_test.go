package rawbtf_test

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

// seeds are the sections of the other tests and of the fixtures.
func seeds(f *testing.F) {
	f.Helper()
	for _, order := range elftest.Orders() {
		big := order == elftest.Orders()[1]
		for _, row := range kernelRows {
			b := elftest.NewBTF(order)
			row.build(b)
			f.Add(b.Bytes(), big)
		}
		for _, row := range sanitizeRows {
			b := elftest.NewBTF(order)
			b.Int("int", 4, elftest.Signed)
			row.build(b)
			f.Add(b.Bytes(), big)
		}
		f.Add(newTextTypes(elftest.NewBTF(order)).Bytes(), big)
	}
	paths, err := filepath.Glob("../../testdata/objs/*.o")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range paths {
		if raw, big, ok := sectionBTF(path); ok && len(raw) < 4096 {
			f.Add(raw, big)
		}
	}
}

func sectionBTF(path string) (raw []byte, big, ok bool) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, false, false
	}
	file, err := elf.NewFile(bytes.NewReader(data))
	if err != nil || file.Section(".BTF") == nil {
		return nil, false, false
	}
	raw, err = file.Section(".BTF").Data()
	return raw, file.ByteOrder == binary.BigEndian, err == nil
}

// FuzzParse: no bytes make any function panic; what ForKernel and Sanitize make
// can be read and has the same ids.
func FuzzParse(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, raw []byte, big bool) {
		order := binary.ByteOrder(binary.LittleEndian)
		if big {
			order = binary.BigEndian
		}
		table, err := rawbtf.Parse(raw, order)
		if (table == nil) == (err == nil) {
			t.Fatalf("table %v and error %v", table, err)
		}
		if err != nil {
			return
		}
		walk(table)
		out, _, err := table.ForKernel(rawbtf.FixUps{
			SectionSize: func(s string) (uint64, bool) { return uint64(len(s)) * 8, len(s)%2 == 0 },
			Symbol: func(_ string, v rawbtf.Variable) (rawbtf.Placement, bool) {
				return rawbtf.Placement{Offset: uint64(v.Var) * 4, Hidden: v.Var%3 == 0}, v.Var%5 != 0
			},
		})
		if err != nil {
			return
		}
		again, err := rawbtf.Parse(out, order)
		if err != nil || again.Len() < table.Len() || again.Len() > table.Len()+1 {
			t.Fatalf("the kernel's copy cannot be read: %v", err)
		}
		old, _ := rawbtf.Sanitize(out, rawbtf.Features{})
		if last, err := rawbtf.Parse(old, order); err != nil || last.Len() != again.Len() || len(old) != len(out) {
			t.Fatalf("the copy for old kernels cannot be read: %v", err)
		}
	})
}

// walk calls everything that takes an id.
func walk(table *rawbtf.Table) {
	for id := range min(table.Len()+1, 200) {
		id := rawbtf.ID(id)
		ty := table.Type(id)
		for i := range min(ty.Vlen, 4) + 1 {
			_, _, _, _ = ty.Member(i).Name(), ty.Enumerator(i), ty.Param(i), ty.SecInfo(i)
		}
		_, _, _, _ = table.CName(id), ty.Ref(), ty.Array(), ty.Component()
		_, _ = ty.Variables()
		size, err := table.Sizeof(id)
		_, _ = table.Strip(id)
		for _, text := range [...]string{"1", "x", "{1,{2}}", "{.a=1}", "hex:00"} {
			if err == nil && size < 1<<16 {
				_, _ = table.EncodeText(id, text)
			}
		}
		if err == nil && size < 1<<16 {
			_ = table.DecodeText(id, make([]byte, size))
		}
	}
}
