package mapdef

import (
	"cmp"
	"debug/elf"
	"errors"
	"slices"
	"sort"
	"strings"

	"github.com/bpfload/bpfload/internal/rawbtf"
)

// VarIndex finds the symbols of BTF variables. It reads the symbol table once
// and is safe for concurrent use.
type VarIndex struct {
	f *File
	// symbols ascend by key, then by value: objects have a few hundred at most,
	// for which a hash table takes longer to make.
	symbols []*Symbol
}

// varKey is what a variable knows of its symbol.
type varKey struct {
	section, name string
	local         bool
}

func (k *varKey) compare(o varKey) int {
	if c := strings.Compare(k.name, o.name); c != 0 {
		return c
	}
	if c := strings.Compare(k.section, o.section); c != 0 || k.local == o.local {
		return c
	}
	if k.local {
		return 1
	}
	return -1
}

func (ix *VarIndex) key(s *Symbol) varKey {
	return varKey{ix.f.Sections[s.Section].Name, s.Name, s.Bind == elf.STB_LOCAL}
}

// ErrAmbiguousSymbol: several symbols have the variable's name and none is at
// the place that its BTF says.
var ErrAmbiguousSymbol = errors.New("several symbols have the name of the variable")

// NewVarIndex reads the symbols of f.
func NewVarIndex(f *File) *VarIndex {
	ix := &VarIndex{f: f, symbols: make([]*Symbol, 0, len(f.Symbols))}
	for i := range f.Symbols {
		if s := &f.Symbols[i]; s.IsVariable(f) && !s.isLabel(f) {
			ix.symbols = append(ix.symbols, s)
		}
	}
	slices.SortFunc(ix.symbols, func(a, b *Symbol) int {
		k := ix.key(a)
		return cmp.Or(k.compare(ix.key(b)), cmp.Compare(a.Value, b.Value), cmp.Compare(a.Index, b.Index))
	})
	return ix
}

// of is the symbols of a key, ascending by value.
func (ix *VarIndex) of(k varKey) []*Symbol {
	from := sort.Search(len(ix.symbols), func(i int) bool { return k.compare(ix.key(ix.symbols[i])) <= 0 })
	rest := ix.symbols[from:]
	if len(rest) > 1 && k.compare(ix.key(rest[1])) < 0 { // one at most, as for nearly all
		rest = rest[:1]
	}
	return rest[:sort.Search(len(rest), func(i int) bool { return k.compare(ix.key(rest[i])) < 0 })]
}

// IsVariable tells whether the symbol names a place in a section of f, whatever
// its type: clang up to 7 writes NOTYPE instead of OBJECT.
func (s *Symbol) IsVariable(f *File) bool {
	return s.Name != "" && s.Type != elf.STT_SECTION && s.Type != elf.STT_FILE &&
		s.Section != elf.SHN_UNDEF && s.Section < elf.SHN_LORESERVE && int(s.Section) < len(f.Sections)
}

// isLabel tells whether a symbol that IsVariable is a mark in code (clang 14 writes
// "LBB0_1" for each block: thousands). BTF has variables since clang 9, which
// gives them a type.
func (s *Symbol) isLabel(f *File) bool {
	return s.Type == elf.STT_NOTYPE && s.Bind == elf.STB_LOCAL && f.Sections[s.Section].Exec()
}

// Find is the symbol of a variable in one of the sections of that name; nil when
// there is none. A static variable is a local symbol and others are global or
// weak ones, unless there are only others; of several static variables of one
// name (one in each of two functions, or linked files) it is the one at the offset that the
// BTF says, else ErrAmbiguousSymbol.
func (ix *VarIndex) Find(section string, v rawbtf.Variable) (*Symbol, error) {
	k := varKey{section, v.Name, v.Linkage == rawbtf.LinkStatic}
	list := ix.of(k)
	if len(list) == 0 {
		k.local = !k.local
		list = ix.of(k)
	}
	switch len(list) {
	case 0:
		return nil, nil
	case 1:
		return list[0], nil
	}
	at := sort.Search(len(list), func(i int) bool { return list[i].Value >= uint64(v.Offset) })
	if at == len(list) || list[at].Value != uint64(v.Offset) {
		return nil, ErrAmbiguousSymbol
	}
	return list[at], nil
}

// Hidden tells whether the symbol cannot be seen from other files although it
// is not local (spec R34).
func (s *Symbol) Hidden() bool { return s.Vis == elf.STV_HIDDEN || s.Vis == elf.STV_INTERNAL }

// FixUps are the answers of f's sections and symbols for rawbtf's ForKernel. A
// DATASEC of which f has several sections gets the first that is not empty.
func (ix *VarIndex) FixUps() rawbtf.FixUps {
	sections := ix.f.ByName(nil, func(s *Section) bool { return s.Index != 0 && s.Size != 0 })
	return rawbtf.FixUps{
		SectionSize: func(name string) (uint64, bool) {
			if s := sections.Named(name); len(s) > 0 {
				return s[0].Size, true
			}
			return 0, false
		},
		Symbol: func(name string, v rawbtf.Variable) (rawbtf.Placement, bool) {
			sym, err := ix.Find(name, v)
			if err != nil || sym == nil {
				return rawbtf.Placement{}, false
			}
			if s := sections.Named(name); len(s) == 0 || !sym.In(s[0].Index) {
				return rawbtf.Placement{}, false
			}
			return rawbtf.Placement{Offset: sym.Value, Hidden: sym.Hidden()}, true
		},
		HiddenFunc: ix.hiddenFunc,
	}
}

// hiddenFunc tells of hidden functions in .text, which are subprograms.
func (ix *VarIndex) hiddenFunc(name string) bool {
	for _, s := range ix.of(varKey{".text", name, false}) {
		if s.Type == elf.STT_FUNC && s.Hidden() {
			return true
		}
	}
	return false
}
