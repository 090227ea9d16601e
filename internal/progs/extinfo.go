package progs

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/bpfload/bpfload/internal/mapdef"
)

// The kinds of record in .BTF.ext.
const (
	funcRecords = iota
	lineRecords
	coreRecords
	recordKinds
)

// recordParts describes each part of .BTF.ext (kernel Documentation/bpf/btf.rst).
var recordParts = [recordKinds]struct {
	name    string
	header  int    // where the header says the part's offset; its length follows
	minSize uint32 // bytes of a record; longer ones have fields that are not known here
}{
	funcRecords: {"func_info", 8, FuncInfoSize},
	lineRecords: {"line_info", 16, LineInfoSize},
	coreRecords: {"core_relo", 24, coreRecordSize},
}

const (
	coreRecordSize = 16
	extMinHeader   = 24 // up to line_info; core_relo came later
	extMagic       = 0xeb9f
	maxRecordSize  = 256 // none known has more than 16 bytes
	maxBlocks      = 1 << 16
)

// extInfos is .BTF.ext, by kind and section index.
type extInfos struct {
	// bySection are the records of each kind, in the order of sections; nil where there are
	// none at all, empty where no section of the file has them.
	bySection [recordKinds][]sectionRecords
	// lost says, by section index, why CO-RE relocations of it cannot be had.
	lost map[int]error
	// nameOff is the string offset of a section name, for core.go.
	nameOff uint32
	cores   int // how many CO-RE relocations there are
}

type sectionRecords struct {
	section int
	records
}

// block is what .BTF.ext has for one section name.
type block struct {
	name    string
	nameOff uint32
	raw     []byte
	rank    int // of the first block of that name
}

// parseExtInfos reads .BTF.ext. Whatever is wrong with it is a warning: programs
// load without it, and maps do not need it (spec R28, D12).
func parseExtInfos(f *mapdef.File, warns *[]mapdef.Warning) extInfos {
	sec := f.SectionNamed(".BTF.ext")
	if sec == nil || len(sec.Data) == 0 {
		return extInfos{}
	}
	warn := func(code, format string, args ...any) {
		*warns = append(*warns, mapdef.Warning{Code: code, Section: sec.Name, Message: fmt.Sprintf(format, args...)})
	}
	if f.BTF == nil {
		warn("btf_ext_unused", ".BTF.ext is left out because there is no readable .BTF")
		return extInfos{}
	}
	r := extReader{f: f, data: sec.Data}
	if err := r.header(); err != nil {
		warn("btf_ext_broken", ".BTF.ext is left out: %v; programs have no function and line information and no CO-RE relocations", err)
		return extInfos{}
	}
	var ext extInfos
	var (
		names [32]*mapdef.Section
		found [8]block
	)
	sections := f.ByName(names[:0], func(s *mapdef.Section) bool { return s.Exec() && s.Size > 0 })
	for kind := range recordKinds {
		size, blocks, err := r.blocks(kind, found[:0])
		if err != nil {
			warn("btf_ext_broken", "%s of .BTF.ext is left out: %v", recordParts[kind].name, err)
			continue
		}
		ext.place(f, sections, kind, size, blocks, warn)
	}
	return ext
}

type extReader struct {
	f      *mapdef.File
	data   []byte
	hdrLen uint32
}

func (r *extReader) u32(off int) uint32 { return r.f.Order.Uint32(r.data[off:]) }

func (r *extReader) header() error {
	if len(r.data) < extMinHeader {
		return fmt.Errorf("header needs %d bytes, the section has %d", extMinHeader, len(r.data))
	}
	if m := r.f.Order.Uint16(r.data); m != extMagic {
		return fmt.Errorf("magic is %#04x instead of %#04x", m, extMagic)
	}
	if v := r.data[2]; v != 1 {
		return fmt.Errorf("version %d is not known", v)
	}
	r.hdrLen = r.u32(4)
	if r.hdrLen < extMinHeader || uint64(r.hdrLen) > uint64(len(r.data)) {
		return fmt.Errorf("header length %d is not between %d and the %d bytes of the section", r.hdrLen, extMinHeader, len(r.data))
	}
	return nil
}

// blocks cuts one part of the section into what it has for each section name.
func (r *extReader) blocks(kind int, room []block) (size uint32, blocks []block, err error) {
	part := recordParts[kind]
	if uint64(part.header)+8 > uint64(r.hdrLen) {
		return 0, nil, nil // older than this kind
	}
	off, n := r.u32(part.header), r.u32(part.header+4)
	if n == 0 {
		return 0, nil, nil
	}
	b, ok := mapdef.Span(r.data, uint64(r.hdrLen)+uint64(off), uint64(n))
	if !ok {
		return 0, nil, fmt.Errorf("%d bytes at %#x are outside the section of %d bytes", n, uint64(r.hdrLen)+uint64(off), len(r.data))
	}
	if len(b) < 4 {
		return 0, nil, errors.New("record size is cut off")
	}
	size = r.f.Order.Uint32(b)
	if size < part.minSize || size > maxRecordSize || size%4 != 0 {
		return 0, nil, fmt.Errorf("record size %d is not between %d and %d", size, part.minSize, maxRecordSize)
	}
	blocks = room[:0]
	for b = b[4:]; len(b) > 0; {
		if len(b) < 8 {
			return 0, nil, errors.New("section header is cut off")
		}
		if len(blocks) == maxBlocks {
			return 0, nil, fmt.Errorf("more than %d section headers", maxBlocks)
		}
		nameOff, count := r.f.Order.Uint32(b), r.f.Order.Uint32(b[4:])
		name, ok := r.f.BTF.String(nameOff)
		if !ok || name == "" {
			return 0, nil, fmt.Errorf("section name at %#x is not a string", nameOff)
		}
		raw, ok := mapdef.Span(b, 8, uint64(count)*uint64(size))
		if !ok {
			return 0, nil, fmt.Errorf("%d records of section %q are cut off", count, name)
		}
		blocks = append(blocks, block{name: name, nameOff: nameOff, raw: raw})
		b = b[8+len(raw):]
	}
	return size, blocks, nil
}

// place gives the blocks to sections. Blocks say only a name: of several
// sections of one name each gets its own block if there are as many.
func (ext *extInfos) place(f *mapdef.File, sections mapdef.SectionsByName, kind int, size uint32, blocks []block, warn func(code, format string, args ...any)) {
	if len(blocks) == 0 {
		return
	}
	ext.nameOff = blocks[len(blocks)-1].nameOff
	groupByName(blocks)
	ext.bySection[kind] = make([]sectionRecords, 0, len(sections))
	for len(blocks) > 0 {
		n := 1
		for n < len(blocks) && blocks[n].rank == blocks[0].rank {
			n++
		}
		have, name := blocks[:n], blocks[0].name
		of := sections.Named(name)
		blocks = blocks[n:]
		switch {
		case len(of) == 0:
			warn("btf_ext_section", "%s of section %q is left out: there is no such section of instructions", recordParts[kind].name, name)
		case len(of) == 1:
			ext.set(f, kind, size, of[0].Index, have, warn)
		case len(of) == len(have):
			for i, s := range of {
				ext.set(f, kind, size, s.Index, have[i:i+1], warn)
			}
		default:
			warn("btf_ext_section", "%s of section %q is left out: it does not say which of %d sections of that name is meant",
				recordParts[kind].name, name, len(of))
			if kind == coreRecords {
				for _, s := range of {
					ext.lose(s.Index, fmt.Errorf("its CO-RE relocations do not say which of %d sections of that name they are for", len(of)))
				}
			}
		}
	}
	slices.SortFunc(ext.bySection[kind], func(a, b sectionRecords) int { return inSection(a, b.section) })
}

func inSection(r sectionRecords, section int) int { return cmp.Compare(r.section, section) }

func (ext *extInfos) lose(section int, err error) {
	if ext.lost == nil {
		ext.lost = make(map[int]error)
	}
	ext.lost[section] = err
}

// groupByName brings the blocks of one name together, in their order; names stay in
// the order in which they first come.
func groupByName(blocks []block) {
	for i := range blocks {
		blocks[i].rank = i
	}
	slices.SortStableFunc(blocks, func(a, b block) int { return strings.Compare(a.name, b.name) })
	for i := 1; i < len(blocks); i++ {
		if blocks[i].name == blocks[i-1].name {
			blocks[i].rank = blocks[i-1].rank
		}
	}
	slices.SortStableFunc(blocks, func(a, b block) int { return cmp.Compare(a.rank, b.rank) })
}

// set stores the records of one section, sorted by offset.
func (ext *extInfos) set(f *mapdef.File, kind int, size uint32, section int, blocks []block, warn func(code, format string, args ...any)) {
	rec := newRecords(f.Order, int(size), blocks)
	rec.rank = ext.cores
	if kind == coreRecords {
		ext.cores += rec.len()
	}
	limit := f.Sections[section].Size
	for i := range rec.len() {
		off := rec.word(i, 0)
		if off%InsnSize == 0 && uint64(off) < limit {
			continue
		}
		err := fmt.Errorf("%s record at offset %#x is not on an instruction of section %q", recordParts[kind].name, off, f.Sections[section].Name)
		if warn("btf_ext_record", "%v; those of the section are left out", err); kind == coreRecords {
			ext.lose(section, err)
		}
		return
	}
	ext.bySection[kind] = append(ext.bySection[kind], sectionRecords{section, rec})
}

// attach adds the records of every part to linked code; room is for them.
func (ext *extInfos) attach(c *Code, program string, room *slab[byte]) error {
	for _, p := range c.Parts {
		if err := ext.lost[p.SectionIndex]; err != nil {
			return &mapdef.Error{Stage: mapdef.StagePlan, Code: "core_records", Section: p.Section, Symbol: p.Name, Err: err}
		}
		rec := ext.of(coreRecords, p)
		c.Core = slices.Grow(c.Core, rec.len())
		for i := range rec.len() {
			access, ok := c.file.BTF.String(rec.word(i, 2))
			if !ok {
				access = ""
			}
			c.Core = append(c.Core, CoreRelo{Insn: p.insnAt(rec.word(i, 0)), TypeID: rec.word(i, 1), Access: access, Kind: rec.word(i, 3), rank: rec.rank + i})
		}
	}
	ext.attachFuncs(c, program, room)
	ext.attachLines(c, room)
	return nil
}

// of is the records of a part's instructions.
func (ext *extInfos) of(kind int, p Part) records {
	all := ext.bySection[kind]
	i, ok := slices.BinarySearchFunc(all, p.SectionIndex, inSection)
	if !ok {
		return records{}
	}
	return all[i].within(p.Offset, uint64(p.Insns)*InsnSize)
}

// insnAt is the slot in the code of an instruction off bytes into the section.
func (p *Part) insnAt(off uint32) int { return p.FirstInsn + int((uint64(off)-p.Offset)/InsnSize) }

// attachFuncs writes one record for each function, as the kernel wants it: all
// of them or none. libbpf refuses the program when a subprogram has none
// although the program has; here it loads without, which is told.
func (ext *extInfos) attachFuncs(c *Code, program string, room *slab[byte]) {
	if ext.bySection[funcRecords] == nil {
		return
	}
	out := room.begin(len(c.Parts) * FuncInfoSize)
	missing := ""
	for _, p := range c.Parts {
		rec := ext.of(funcRecords, p)
		if rec.len() == 0 || uint64(rec.word(0, 0)) != p.Offset || !isFunc(c.file, rec.word(0, 1)) {
			if missing == "" {
				missing = p.Name
			}
			continue
		}
		out = rec.append(out, 0, uint32(p.FirstInsn), FuncInfoSize)
	}
	if len(out) == 0 {
		return
	}
	if missing == "" {
		c.FuncInfo = room.end(out)
		return
	}
	c.Warnings = append(c.Warnings, mapdef.Warning{Code: "func_info", Program: program,
		Message: fmt.Sprintf("program %q has no function information, because .BTF.ext has none for function %q", program, missing)})
}

// attachLines writes the records of all functions. The kernel wants one at the
// start of each; where it is missing (assembly) an empty one stands in.
func (ext *extInfos) attachLines(c *Code, room *slab[byte]) {
	if ext.bySection[lineRecords] == nil {
		return
	}
	most := 0
	for _, p := range c.Parts {
		rec := ext.of(lineRecords, p)
		most += rec.len() + 1
	}
	out := room.begin(most * LineInfoSize)
	found := false
	for _, p := range c.Parts {
		rec := ext.of(lineRecords, p)
		found = found || rec.len() > 0
		if rec.len() == 0 || uint64(rec.word(0, 0)) != p.Offset {
			out = appendWords(c.Order, out, uint32(p.FirstInsn), 0, 0, 0)
		}
		last := int64(math.MinInt64)
		for i := range rec.len() {
			if off := int64(rec.word(i, 0)); off != last { // the kernel wants ascending offsets
				out = rec.append(out, i, uint32(p.insnAt(rec.word(i, 0))), LineInfoSize)
				last = off
			}
		}
	}
	if found {
		c.LineInfo = room.end(out)
	}
}
