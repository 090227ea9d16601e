package elfload

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/bpfload/bpfload/internal/elftest"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

// valueShape is a map whose value is what build makes, of size bytes.
func valueShape(t *testing.T, size uint32, build func(*elftest.BTF) elftest.ID) *mapShape {
	t.Helper()
	b := elftest.NewBTF(hostOrder)
	id := build(b)
	table, err := rawbtf.Parse(b.Bytes(), hostOrder)
	if err != nil {
		t.Fatal(err)
	}
	return &mapShape{valueSize: size, types: table, valueType: rawbtf.ID(id)}
}

// Whole numbers widen with their sign, bit fields go to their new place, what the
// old value says nothing about stays; what would lose something is refused.
func TestValueCopy(t *testing.T) {
	signed := func(size uint32) func(*elftest.BTF) elftest.ID {
		return func(b *elftest.BTF) elftest.ID { return b.Int("n", size, elftest.Signed) }
	}
	old := valueShape(t, 4, signed(4))
	c, err := planValueCopy(old, valueShape(t, 8, signed(8)))
	if err != nil {
		t.Fatal(err)
	}
	from, to := binary.NativeEndian.AppendUint32(nil, ^uint32(4)), make([]byte, 8)
	c.apply(from, to)
	if got := int64(binary.NativeEndian.Uint64(to)); got != -5 {
		t.Errorf("-5 has become %d", got)
	}
	for name, tc := range map[string]struct {
		new  *mapShape
		want string
	}{
		"narrower": {valueShape(t, 2, signed(2)), "may not fit"},
		"a float":  {valueShape(t, 4, func(b *elftest.BTF) elftest.ID { return b.Float("float", 4) }), "was n and is float"},
		"a struct": {valueShape(t, 8, pairOf("a", "b")), "was n and is struct pair"},
	} {
		if _, err := planValueCopy(old, tc.new); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		}
	}
	_, err = planValueCopy(valueShape(t, 8, pairOf("a", "b")), valueShape(t, 8, pairOf("a", "c")))
	if err == nil || !strings.Contains(err.Error(), `"b" is no more`) {
		t.Errorf("a renamed member: %v", err)
	}
	c, err = planValueCopy(valueShape(t, 8, pairOf("a", "b")), valueShape(t, 8, pairOf("b", "a")))
	if err != nil {
		t.Fatal(err)
	}
	to = make([]byte, 8)
	c.apply([]byte{1, 2, 3, 4, 5, 6, 7, 8}, to)
	if string(to) != "\x05\x06\x07\x08\x01\x02\x03\x04" {
		t.Errorf("swapped members: %x", to)
	}
}

// Order of replacing: callees first, where code from outside comes in last.
func TestSwapOrder(t *testing.T) {
	all := []arraySlot{{slot: 0, calls: []int{1}}, {slot: 1, calls: []int{2, 1}}, {slot: 2}, {slot: 3, calls: []int{4}}, {slot: 4, calls: []int{3}}}
	state := make([]uint8, len(all))
	for i := range all {
		slotHeight(all, state, i)
	}
	if all[0].height != 2 || all[1].height != 1 || all[2].height != 0 {
		t.Errorf("heights %+v", all)
	}
}
