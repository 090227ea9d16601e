package elftest

// FuncInfo says which FUNC begins at an instruction offset, in bytes.
type FuncInfo struct {
	Off  uint32
	Type ID
}

// LineInfo is one source line. Off is in bytes.
type LineInfo struct {
	Off        uint32
	File, Text string
	Line, Col  uint32
}

// CORERelo is one CO-RE relocation; Kind is BPF_CORE_*. Off is in bytes.
type CORERelo struct {
	Off    uint32
	Type   ID
	Access string
	Kind   uint32
}

// ExtSection holds the records of one executable section.
type ExtSection struct {
	Section string
	Funcs   []FuncInfo
	Lines   []LineInfo
	CORE    []CORERelo
}

// Ext is the .BTF.ext section. Its strings go into b, so that b.Bytes and
// b.Section have to be called after it.
func (b *BTF) Ext(sections ...ExtSection) Section {
	funcs := b.extPart(8, sections, func(s ExtSection) (n int, words []uint32) {
		for _, r := range s.Funcs {
			words = append(words, r.Off, r.Type)
		}
		return len(s.Funcs), words
	})
	lines := b.extPart(16, sections, func(s ExtSection) (n int, words []uint32) {
		for _, r := range s.Lines {
			words = append(words, r.Off, b.String(r.File), b.String(r.Text), r.Line<<10|r.Col)
		}
		return len(s.Lines), words
	})
	core := b.extPart(16, sections, func(s ExtSection) (n int, words []uint32) {
		for _, r := range s.CORE {
			words = append(words, r.Off, r.Type, b.String(r.Access), r.Kind)
		}
		return len(s.CORE), words
	})
	out := put16(b.Order, nil, 0xeb9f)
	out = append(out, 1, 0)
	nf, nl, nc := uint32(len(funcs)), uint32(len(lines)), uint32(len(core))
	for _, w := range []uint32{32, 0, nf, nf, nl, nf + nl, nc} {
		out = put32(b.Order, out, w)
	}
	out = append(append(append(out, funcs...), lines...), core...)
	return Section{Name: ".BTF.ext", Data: out, Align: 4}
}

func (b *BTF) extPart(recordSize uint32, sections []ExtSection, records func(ExtSection) (int, []uint32)) []byte {
	out := put32(b.Order, nil, recordSize)
	for _, s := range sections {
		n, words := records(s)
		if n == 0 {
			continue
		}
		for _, w := range append([]uint32{b.String(s.Section), uint32(n)}, words...) {
			out = put32(b.Order, out, w)
		}
	}
	return out
}
