// Package elffile reads ELF files as clang and the linkers of BPF write them: headers, sections,
// symbols, relocations, BTF. It reads of a large file only what is asked for and allocates
// little, because a process that loads one object does everything for the first time.
package elffile

import (
	"cmp"
	"debug/elf"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/bpfload/bpfload/internal/mapdef"
	"github.com/bpfload/bpfload/internal/rawbtf"
	"github.com/bpfload/bpfload/internal/room"
)

func badFile(code, format string, args ...any) *mapdef.Error {
	return &mapdef.Error{Stage: mapdef.StageRead, Kind: mapdef.ErrBadObject, Code: code, Err: fmt.Errorf(format, args...)}
}

// Read turns the bytes of an ELF file into a checked mapdef.File, f, which may use
// tables. Errors are *mapdef.Error of the read stage.
func Read(f *mapdef.File, im *Image, tables *Tables) error {
	var headers [32]sectionHeader // as most files have fewer
	sections, err := readHeaders(f, im, headers[:])
	if err != nil {
		return err
	}
	r := reader{headers: sections, f: f}
	if err := r.disjoint(im); err != nil {
		return err
	}
	if err := r.contents(im); err != nil {
		return err
	}
	f.Raw = im.raw()
	if err := r.sections(im, tables.sections[:]); err != nil {
		return err
	}
	if err := r.symbols(im, tables.symbols[:]); err != nil {
		return err
	}
	if err := r.relocations(tables); err != nil {
		return err
	}
	readBTF(f)
	return nil
}

type reader struct {
	headers []sectionHeader
	f       *mapdef.File
}

// Tables are room for what the file of a small object has.
type Tables struct {
	sections [28]mapdef.Section
	symbols  [24]mapdef.Symbol
	patched  [28][]mapdef.Reloc
	relocs   [8]mapdef.Reloc
}

// disjoint refuses sections that share bytes, as far as it takes for what is made
// of them all to be bounded by the file's size.
func (r *reader) disjoint(im *Image) error {
	total := uint64(0)
	for i := range r.headers {
		s := &r.headers[i]
		if s.typ == elf.SHT_NOBITS || ignored(s) || s.size > im.size {
			continue // the last is refused as truncated
		}
		if total += s.size; total > im.size {
			return &mapdef.Error{Stage: mapdef.StageRead, Code: "overlap", Section: s.name, Offset: mapdef.At(s.offset),
				Err: fmt.Errorf("the sections up to this one have %d bytes, more than the file of %d: they overlap", total, im.size)}
		}
	}
	return nil
}

// nameBytes is how many bytes of names each byte of the file may stand for: names
// may be the ends of others.
const nameBytes = 8

// contents has the sections read that anybody looks at. Legacy definitions may ask
// for a hash of the whole file (L57).
func (r *reader) contents(im *Image) error {
	if im.file == nil {
		return nil
	}
	want := make([]extent, 0, len(r.headers))
	for i := range r.headers {
		s := &r.headers[i]
		if strings.HasPrefix(s.name, "maps") {
			return im.whole()
		}
		if s.typ != elf.SHT_NOBITS && !ignored(s) {
			want = append(want, extent{s.offset, s.offset + s.size})
		}
	}
	return im.need(want...)
}

// ignored tells whether a section's bytes are never looked at, so that what is
// odd about them (compression, extent) does not matter.
func ignored(s *sectionHeader) bool {
	return strings.HasPrefix(s.name, ".debug_") || strings.HasPrefix(s.name, ".rel.debug_") ||
		s.typ == elf.SHT_NULL || s.typ == elf.SHT_LOOS+0xfff4c03 // SHT_LLVM_ADDRSIG
}

func (r *reader) sections(im *Image, there []mapdef.Section) error {
	r.f.Sections = room.For(there, len(r.headers))
	for i := range r.headers {
		s, out := &r.headers[i], &r.f.Sections[i]
		*out = mapdef.Section{Index: i, Name: s.name, Type: s.typ, Flags: s.flags, Link: s.link, Info: s.info,
			Align: s.align, Size: s.size}
		if s.typ == elf.SHT_NOBITS || ignored(s) {
			continue
		}
		if s.flags&elf.SHF_COMPRESSED != 0 {
			return &mapdef.Error{Stage: mapdef.StageRead, Code: "compressed", Section: s.name, Offset: mapdef.At(s.offset),
				Err:  errors.New("the section is compressed, which BPF loaders do not read"),
				Hint: "decompress it with llvm-objcopy --decompress-debug-sections or compile without -gz"}
		}
		data, ok := im.span(s.offset, s.size)
		if !ok {
			return &mapdef.Error{Stage: mapdef.StageRead, Code: "truncated", Section: s.name, Offset: mapdef.At(s.offset),
				Err: fmt.Errorf("%d bytes from there are outside the file of %d bytes", s.size, im.size)}
		}
		out.Data = data
	}
	return nil
}

const symbolSize = 24 // Elf64_Sym

// symbols reads the symbol table. Names share the bytes of the string table.
func (r *reader) symbols(im *Image, there []mapdef.Symbol) error {
	tab := -1
	for i := range r.f.Sections {
		if r.f.Sections[i].Type != elf.SHT_SYMTAB {
			continue
		}
		if tab >= 0 {
			return r.at(i, 0, "symtab", "a second symbol table; the first is section %d", tab)
		}
		tab = i
	}
	if tab < 0 {
		return nil
	}
	sec := &r.f.Sections[tab]
	if int64(sec.Link) >= int64(len(r.f.Sections)) || r.f.Sections[sec.Link].Type != elf.SHT_STRTAB {
		return r.at(tab, 0, "symtab", "its string table, section %d, is none", sec.Link)
	}
	if len(sec.Data)%symbolSize != 0 {
		return r.at(tab, 0, "symtab", "size %d is not a multiple of %d", len(sec.Data), symbolSize)
	}
	strs := sameBytes(r.f.Sections[sec.Link].Data)
	bo := r.f.Order
	r.f.Symbols = room.For(there, len(sec.Data)/symbolSize)
	names := uint64(0)
	for i := range r.f.Symbols {
		b := sec.Data[i*symbolSize:]
		name, ok := cstring(strs, bo.Uint32(b))
		if !ok {
			return r.at(tab, i*symbolSize, "symtab", "name of symbol %d, at %#x, is outside its string table", i, bo.Uint32(b))
		}
		if names += uint64(len(name)); names > nameBytes*im.size {
			return r.at(tab, i*symbolSize, "symtab", "the names of the symbols up to number %d have %d bytes, more than a file of %d can mean: they overlap", i, names, im.size)
		}
		s := mapdef.Symbol{Index: i, Name: name, Bind: elf.ST_BIND(b[4]), Type: elf.ST_TYPE(b[4]), Vis: elf.ST_VISIBILITY(b[5]),
			Section: elf.SectionIndex(bo.Uint16(b[6:])), Value: bo.Uint64(b[8:]), Size: bo.Uint64(b[16:])}
		if s.Section < elf.SHN_LORESERVE && int(s.Section) >= len(r.f.Sections) {
			return r.at(tab, i*symbolSize, "symtab", "symbol %q is in section %d of %d", name, s.Section, len(r.f.Sections))
		}
		r.f.Symbols[i] = s
	}
	return nil
}

func cstring(strs string, off uint32) (string, bool) {
	if off == 0 && len(strs) == 0 {
		return "", true
	}
	if uint64(off) >= uint64(len(strs)) {
		return "", false
	}
	n := strings.IndexByte(strs[off:], 0)
	if n < 0 {
		return "", false
	}
	return strs[off : int(off)+n], true
}

func (r *reader) at(section, offset int, code, format string, args ...any) *mapdef.Error {
	return &mapdef.Error{Stage: mapdef.StageRead, Code: code, Section: r.f.Sections[section].Name, Offset: mapdef.At(uint64(offset)),
		Err: fmt.Errorf(format, args...)}
}

// relocations reads SHT_REL and SHT_RELA and files each entry under the section
// that it patches.
func (r *reader) relocations(tables *Tables) error {
	r.f.Relocs = room.For(tables.patched[:], len(r.f.Sections))
	free := tables.relocs[:]
	for i := range r.f.Sections {
		sec := &r.f.Sections[i]
		if (sec.Type != elf.SHT_REL && sec.Type != elf.SHT_RELA) || strings.HasPrefix(sec.Name, ".rel.debug_") ||
			strings.HasPrefix(sec.Name, ".rela.debug_") {
			continue
		}
		var err error
		if free, err = r.relocTable(i, free); err != nil {
			return err
		}
	}
	for i := range r.f.Relocs {
		slices.SortStableFunc(r.f.Relocs[i], func(a, b mapdef.Reloc) int { return cmp.Compare(a.Offset, b.Offset) })
	}
	return nil
}

// relocTable reads one table. The relocations use free, where that is large enough, and
// leave the rest of it.
func (r *reader) relocTable(i int, free []mapdef.Reloc) ([]mapdef.Reloc, error) {
	sec := &r.f.Sections[i]
	if sec.Info == 0 || int64(sec.Info) >= int64(len(r.f.Sections)) {
		return free, r.at(i, 0, "reloc_table", "patches section %d, which is none", sec.Info)
	}
	size := 16 // Elf64_Rel
	if sec.Type == elf.SHT_RELA {
		size = 24
	}
	if n := r.headers[i].entsize; n != uint64(size) && n != 0 || len(sec.Data)%size != 0 {
		return free, r.at(i, 0, "reloc_table", "entry size %d and size %d do not fit %v", n, len(sec.Data), sec.Type)
	}
	bo := r.f.Order
	if unpatched(&r.f.Sections[sec.Info]) {
		return free, r.checkRelocs(i, size)
	}
	out, n := r.f.Relocs[sec.Info], len(sec.Data)/size
	if len(out) == 0 {
		if n > len(free) {
			free = make([]mapdef.Reloc, n)
		}
		out, free = free[:0:n], free[n:]
	}
	for off := 0; off < len(sec.Data); off += size {
		b := sec.Data[off:]
		info := bo.Uint64(b[8:])
		rel := mapdef.Reloc{Offset: bo.Uint64(b), Type: uint32(info), Symbol: int(info >> 32), Table: i}
		if rel.Symbol >= len(r.f.Symbols) {
			return free, r.at(i, off, "reloc_symbol", "names symbol %d of %d", rel.Symbol, len(r.f.Symbols))
		}
		if size == 24 {
			rel.Addend, rel.HasAddend = int64(bo.Uint64(b[16:])), true
		}
		out = append(out, rel)
	}
	r.f.Relocs[sec.Info] = out
	return free, nil
}

// unpatched tells of sections that relocations concern which no loader applies:
// BTF names sections and offsets by itself.
func unpatched(s *mapdef.Section) bool {
	return (s.Name == ".BTF" || s.Name == ".BTF.ext") && !s.Exec()
}

// checkRelocs is relocTable without the result.
func (r *reader) checkRelocs(i, size int) error {
	sec := &r.f.Sections[i]
	for off := 0; off < len(sec.Data); off += size {
		if symbol := int(r.f.Order.Uint64(sec.Data[off+8:]) >> 32); symbol >= len(r.f.Symbols) {
			return r.at(i, off, "reloc_symbol", "names symbol %d of %d", symbol, len(r.f.Symbols))
		}
	}
	return nil
}

// readBTF parses .BTF. A broken one is remembered, not refused: an object that
// does not need it still loads (spec R29).
func readBTF(f *mapdef.File) {
	sec := f.SectionNamed(".BTF")
	if sec == nil || len(sec.Data) == 0 {
		return
	}
	f.BTF, f.BTFErr = rawbtf.ParseText(sec.Data, sameBytes(sec.Data), f.Order)
	if f.BTFErr != nil {
		f.BTF = nil
	}
}
