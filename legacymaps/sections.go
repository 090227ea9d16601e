package legacymaps

import (
	"cmp"
	"debug/elf"
	"slices"
	"strconv"
	"strings"

	"github.com/bpfload/bpfload/internal/mapdef"
)

const (
	sectionName   = "maps"
	sectionPrefix = "maps/"
	lircSection   = "lirc_mode2/maps"
	btfSection    = ".maps" // BTF definitions: their names count for L5
	minElement    = 16      // L13
)

// element is the place of one definition, before its bytes mean anything.
type element struct {
	sec     *mapdef.Section
	index   int // rank by offset in the section (L10)
	name    string
	aliases []string
	static  bool
	off     uint64
	size    uint64 // of the definition
	slot    uint64 // up to the next element or the section's end; size <= slot
	sized   bool   // size comes from a symbol or BTF, not from the slot
	data    []byte // size bytes
}

// group is one definition section and its elements, ascending by offset.
type group struct {
	sec   *mapdef.Section
	elems []element
}

// IsSection tells whether a section holds legacy definitions (L3).
func IsSection(s *mapdef.Section) bool { return isNamed(s) && s.Size != 0 }

func isNamed(s *mapdef.Section) bool {
	return s.Type == elf.SHT_PROGBITS && s.Flags&elf.SHF_EXECINSTR == 0 && isSectionName(s.Name)
}

func isSectionName(name string) bool {
	return name == sectionName || strings.HasPrefix(name, sectionPrefix) || name == lircSection
}

// suffix is the part after "maps/", "" for other sections (L11).
func suffix(sec *mapdef.Section) string {
	s, _ := strings.CutPrefix(sec.Name, sectionPrefix)
	if s == sec.Name {
		return ""
	}
	return s
}

// contents are the symbols and references of each definition section, by
// section index; nil for other sections.
type contents struct {
	symbols [][]*mapdef.Symbol
	refs    [][]uint64
}

// readContents goes once over symbols and relocations.
func readContents(f *mapdef.File) *contents {
	c := &contents{make([][]*mapdef.Symbol, len(f.Sections)), make([][]uint64, len(f.Sections))}
	ours := make([]bool, len(f.Sections))
	for i := range f.Sections {
		ours[i] = i != 0 && isNamed(&f.Sections[i])
	}
	for i := range f.Symbols {
		s := &f.Symbols[i]
		if n := int(s.Section); n < len(ours) && ours[n] && canName(s) {
			c.symbols[n] = append(c.symbols[n], s)
		}
	}
	for i := range f.Relocs {
		if f.Sections[i].Exec() {
			c.addReferences(f, i, ours)
		}
	}
	for i := range c.refs {
		slices.Sort(c.refs[i])
		c.refs[i] = slices.Compact(c.refs[i])
	}
	return c
}

// canName tells whether a symbol can introduce a map (L6).
func canName(s *mapdef.Symbol) bool {
	return s.Name != "" && (s.Type == elf.STT_NOTYPE || s.Type == elf.STT_OBJECT)
}

// readGroups finds every definition section, in order of section index.
func readGroups(f *mapdef.File, vars *varIndex) (groups []group, warns []mapdef.Warning, err error) {
	var c *contents
	for i := range f.Sections {
		sec := &f.Sections[i]
		if i == 0 || !isNamed(sec) {
			continue
		}
		if sec.Size == 0 {
			return nil, nil, sectionError(sec, "empty_section", "section for map definitions is empty")
		}
		if c == nil {
			c = readContents(f)
		}
		elems, w, err := readElements(vars, sec, c)
		if err != nil {
			return nil, nil, err
		}
		groups, warns = append(groups, group{sec, elems}), append(warns, w...)
	}
	return groups, warns, nil
}

// readElements turns a section's symbols into elements (L6 to L9).
func readElements(vars *varIndex, sec *mapdef.Section, c *contents) (elems []element, warns []mapdef.Warning, err error) {
	if elems, err = symbolElements(sec, c.symbols[sec.Index]); err != nil {
		return nil, nil, err
	}
	if len(elems) == 0 {
		return nil, nil, sectionError(sec, "no_symbols", "no symbol stands in the section, so its definitions have no names")
	}
	vars.sizes(sec.Name, elems)
	unsized := allUnsized(elems)
	refs := c.refs[sec.Index]
	if unsized {
		if elems, err = splitUnnamed(elems, refs); err != nil {
			return nil, nil, err
		}
	}
	setSlots(elems, sec.Size)
	start := uint64(0)
	if unsized {
		if warns, err = splitBySize(elems); err != nil {
			return nil, nil, err
		}
	} else {
		start, warns = leaveOut(elems, refs)
	}
	for i := range elems {
		elems[i].index = i
		if err := elems[i].cut(); err != nil {
			return nil, nil, err
		}
	}
	if head, ok := mapdef.Span(sec.Data, start, elems[0].off-start); !ok || !allZero(head) {
		return nil, nil, sectionError(sec, "unclaimed_bytes", "bytes before the first definition, at offset 0x"+hex(elems[0].off)+", are not zero")
	}
	return elems, warns, nil
}

// bindRank orders names of one place: GLOBAL, WEAK, LOCAL (L8).
func bindRank(b elf.SymBind) int {
	switch b {
	case elf.STB_GLOBAL:
		return 0
	case elf.STB_WEAK:
		return 1
	}
	return 2
}

// symbolElements groups the symbols of a section by value: one element each,
// further names are aliases. Only name, offset and size (the largest that a
// symbol gives) are set. syms is sorted in place.
func symbolElements(sec *mapdef.Section, syms []*mapdef.Symbol) ([]element, error) {
	slices.SortStableFunc(syms, func(a, b *mapdef.Symbol) int {
		return cmp.Or(cmp.Compare(a.Value, b.Value), cmp.Compare(bindRank(a.Bind), bindRank(b.Bind)), cmp.Compare(a.Index, b.Index))
	})
	var elems []element
	var seen map[string]bool // names of the last element
	for _, s := range syms {
		if s.Value >= sec.Size {
			return nil, &mapdef.Error{Stage: mapdef.StageRead, Code: "symbol_range", Section: sec.Name, Symbol: s.Name,
				Offset: mapdef.At(s.Value), Err: text("symbol is outside the section of 0x" + hex(sec.Size) + " bytes")}
		}
		if n := len(elems); n > 0 && elems[n-1].off == s.Value {
			e := &elems[n-1]
			if !seen[s.Name] {
				e.aliases = append(e.aliases, s.Name)
				seen[s.Name] = true
			}
			e.size, e.sized = max(e.size, s.Size), e.sized || s.Size != 0
			continue
		}
		static := s.Bind == elf.STB_LOCAL || s.Vis == elf.STV_HIDDEN || s.Vis == elf.STV_INTERNAL
		elems = append(elems, element{sec: sec, name: s.Name, static: static, off: s.Value, size: s.Size, sized: s.Size != 0})
		seen = map[string]bool{s.Name: true}
	}
	return elems, nil
}

func allUnsized(elems []element) bool {
	return !slices.ContainsFunc(elems, func(e element) bool { return e.sized })
}

// splitUnnamed adds unnamed elements at referenced offsets (ascending) that no
// symbol names: clang up to 7 may leave statics without symbols (L9). They are
// called by the section, whose name is then not long.
func splitUnnamed(elems []element, refs []uint64) ([]element, error) {
	sec := elems[0].sec
	merged := make([]element, 0, len(elems))
	split := func(off uint64) error {
		if len(sec.Name) > maxSectionName {
			return sectionError(sec, "section_name", "the definition at 0x"+hex(off)+" has no name but the section's, which is longer than "+strconv.Itoa(maxSectionName)+" bytes")
		}
		merged = append(merged, element{sec: sec, name: sec.Name + "+" + strconv.FormatUint(off, 10), static: true, off: off})
		return nil
	}
	for _, e := range elems {
		for ; len(refs) > 0 && refs[0] <= e.off; refs = refs[1:] {
			if refs[0] == e.off {
				continue
			}
			if err := split(refs[0]); err != nil {
				return nil, err
			}
		}
		merged = append(merged, e)
	}
	for ; len(refs) > 0 && refs[0] < sec.Size; refs = refs[1:] {
		if err := split(refs[0]); err != nil {
			return nil, err
		}
	}
	return merged, nil
}

func setSlots(elems []element, end uint64) {
	for i := len(elems) - 1; i >= 0; i-- {
		elems[i].slot = end - elems[i].off
		end = elems[i].off
	}
}

// splitBySize serves sections whose symbols have no size: the shortest slot is
// the element's size, and every slot must be a multiple of it (L9). What a longer
// slot holds beyond one element are definitions without a name that nothing
// refers to (splitUnnamed has made elements of the others): no map, a warning.
func splitBySize(elems []element) ([]mapdef.Warning, error) {
	size := elems[0].slot
	for i := range elems {
		size = min(size, elems[i].slot)
	}
	var warns []mapdef.Warning
	for i := range elems {
		e := &elems[i]
		if e.slot%size != 0 {
			return nil, e.fail("element_size", e.off, "cannot determine element size: symbols without size are 0x"+
				hex(e.slot)+" and 0x"+hex(size)+" bytes apart")
		}
		if e.slot > size {
			warns = append(warns, leftOut(e.sec, e.off+size, e.slot-size))
		}
		e.size, e.slot = size, size
	}
	return warns, nil
}

// cut checks the element's range and takes its bytes.
func (e *element) cut() error {
	if !e.sized && e.size == 0 {
		e.size = e.slot
	}
	if e.size > e.slot {
		if e.off+e.slot == e.sec.Size {
			return e.fail("element_range", e.off, "definition of 0x"+hex(e.size)+" bytes extends past the section's end at 0x"+hex(e.sec.Size))
		}
		return e.fail("element_overlap", e.off, "definition of 0x"+hex(e.size)+" bytes overlaps the next one at 0x"+hex(e.off+e.slot))
	}
	slot, ok := mapdef.Span(e.sec.Data, e.off, e.slot)
	if !ok {
		return e.fail("element_range", e.off, "section is cut off")
	}
	e.data = slot[:e.size]
	for i, b := range slot[e.size:] {
		if b != 0 {
			return e.fail("unclaimed_bytes", e.off+e.size+uint64(i), "byte between definitions is not zero, and no symbol or reference names it")
		}
	}
	return nil
}

func allZero(b []byte) bool {
	return !slices.ContainsFunc(b, func(x byte) bool { return x != 0 })
}
