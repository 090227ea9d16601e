package progs

import (
	"cmp"
	"encoding/binary"
	"slices"
	"sort"

	"github.com/bpfload/bpfload/internal/mapdef"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

// records is a list of .BTF.ext records of one section, ascending by the
// offset in their first word (bytes from the start of the section).
type records struct {
	order binary.ByteOrder
	raw   []byte
	size  int // bytes of one record
	rank  int // of the first one among the object's CO-RE relocations
}

// newRecords joins blocks and sorts them if they are not.
func newRecords(order binary.ByteOrder, size int, blocks []block) records {
	r := records{order: order, raw: blocks[0].raw, size: size}
	if len(blocks) > 1 {
		parts := make([][]byte, len(blocks))
		for i := range blocks {
			parts[i] = blocks[i].raw
		}
		r.raw = slices.Concat(parts...)
	}
	for i := 1; i < r.len(); i++ {
		if r.word(i-1, 0) > r.word(i, 0) {
			r.sort()
			break
		}
	}
	return r
}

func (r *records) sort() {
	ranks := make([]int, r.len())
	for i := range ranks {
		ranks[i] = i
	}
	slices.SortStableFunc(ranks, func(a, b int) int { return cmp.Compare(r.word(a, 0), r.word(b, 0)) })
	raw := make([]byte, 0, len(r.raw))
	for _, i := range ranks {
		raw = append(raw, r.raw[i*r.size:(i+1)*r.size]...)
	}
	r.raw = raw
}

func (r *records) len() int {
	if r.size == 0 {
		return 0
	}
	return len(r.raw) / r.size
}

// word w of record i.
func (r *records) word(i, w int) uint32 { return r.order.Uint32(r.raw[i*r.size+4*w:]) }

// within is the records of n bytes from off on.
func (r records) within(off, n uint64) records {
	from := sort.Search(r.len(), func(i int) bool { return uint64(r.word(i, 0)) >= off })
	to := sort.Search(r.len(), func(i int) bool { return uint64(r.word(i, 0)) >= off+n })
	r.raw = r.raw[from*r.size : to*r.size]
	r.rank += from
	return r
}

// append writes record i with another first word, cut to size bytes.
func (r *records) append(out []byte, i int, first uint32, size int) []byte {
	out = appendWords(r.order, out, first)
	return append(out, r.raw[i*r.size+4:i*r.size+size]...)
}

func isFunc(f *mapdef.File, id rawbtf.ID) bool { return f.BTF.Type(id).Kind == rawbtf.Func }

func appendWords(order binary.ByteOrder, out []byte, words ...uint32) []byte {
	for _, w := range words {
		n := len(out)
		out = append(out, 0, 0, 0, 0)
		order.PutUint32(out[n:], w)
	}
	return out
}
