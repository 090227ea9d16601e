package rawbtf_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

// FuzzEncodeText: a text for a type gives its bytes, as many as the type has, or
// an error; what the bytes are as text gives the same bytes again.
func FuzzEncodeText(f *testing.F) {
	for i, row := range textRows {
		f.Add(row.text, uint32(i), false)
		f.Add(row.text, uint32(newTextTypes(elftest.NewBTF(elftest.Orders()[0])).byName[row.typ]), true)
	}
	f.Add("hex:00000000", uint32(0), false) // found: bytes for a size that is not known
	f.Add("hex:0002", uint32(23), false)    // found: an element of an array that has no text
	for id := range uint32(newTextTypes(elftest.NewBTF(elftest.Orders()[0])).Table().Len()) {
		f.Add("hex:ffffff7f", id, false) // not a number
		f.Add("hex:0000c07f", id, false)
		f.Add("hex:ffffffffffffffff", id, true)
	}
	tables := []*rawbtf.Table{newTextTypes(elftest.NewBTF(elftest.Orders()[0])).Table(), newTextTypes(elftest.NewBTF(elftest.Orders()[1])).Table()}
	f.Fuzz(func(t *testing.T, text string, id uint32, big bool) {
		table := tables[0]
		if big {
			table = tables[1]
		}
		ty := rawbtf.ID(id % uint32(table.Len()))
		b, err := table.EncodeText(ty, text)
		if (b == nil) == (err == nil) {
			size, _ := table.Sizeof(ty)
			if size != 0 || err != nil {
				t.Fatalf("%q as %s: %x and %v", text, table.CName(ty), b, err)
			}
		}
		if err != nil {
			return
		}
		back := table.DecodeText(ty, b)
		if again, err := table.EncodeText(ty, back); back != "" && !strings.Contains(back, "…") && (err != nil || !bytes.Equal(again, b)) {
			t.Errorf("%q as %s is %x, which is %q, which is %x, %v", text, table.CName(ty), b, back, again, err)
		}
		// A size of 0 is one that is not known: then the text alone says how many bytes there are.
		size := int(id & 31)
		if other, err := rawbtf.EncodeUntyped(elftest.Orders()[id&1], uint64(size), text); err == nil && size != 0 && len(other) != size {
			t.Errorf("%q in %d bytes is %x", text, size, other)
		}
	})
}
