package mapdef

import (
	"debug/elf"
	"errors"
	"sort"

	"github.com/bpfload/bpfload/internal/rawbtf"
)

// VarIndex finds the symbols of BTF variables. It reads the symbol table once
// and is safe for concurrent use.
type VarIndex struct {
	f *File
	// symbols, by what a variable knows of its symbol; each list ascends by value.
	symbols map[varKey][]*Symbol
}

type varKey struct {
	section, name string
	local         bool
}

// ErrAmbiguousSymbol: several symbols have the variable's name and none is at
// the place that its BTF says.
var ErrAmbiguousSymbol = errors.New("several symbols have the name of the variable")

// NewVarIndex reads the symbols of f.
func NewVarIndex(f *File) *VarIndex {
	all := make([]*Symbol, 0, len(f.Symbols))
	for i := range f.Symbols {
		if s := &f.Symbols[i]; s.IsVariable(f) {
			all = append(all, s)
		}
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].Value < all[j].Value })
	ix := &VarIndex{f: f, symbols: make(map[varKey][]*Symbol, len(all))}
	for _, s := range all {
		k := varKey{f.Sections[s.Section].Name, s.Name, s.Bind == elf.STB_LOCAL}
		ix.symbols[k] = append(ix.symbols[k], s)
	}
	return ix
}

// IsVariable tells whether the symbol names a place in a section of f, whatever
// its type: clang up to 7 writes NOTYPE instead of OBJECT.
func (s *Symbol) IsVariable(f *File) bool {
	return s.Name != "" && s.Type != elf.STT_SECTION && s.Type != elf.STT_FILE &&
		s.Section != elf.SHN_UNDEF && s.Section < elf.SHN_LORESERVE && int(s.Section) < len(f.Sections)
}

// Find is the symbol of a variable in one of the sections of that name; nil when
// there is none. A static variable is a local symbol and others are global or
// weak ones, unless there are only others; of several static variables of one
// name (one in each of two functions, or linked files) it is the one at the offset that the
// BTF says, else ErrAmbiguousSymbol.
func (ix *VarIndex) Find(section string, v rawbtf.Variable) (*Symbol, error) {
	k := varKey{section, v.Name, v.Linkage == rawbtf.LinkStatic}
	list := ix.symbols[k]
	if len(list) == 0 {
		k.local = !k.local
		list = ix.symbols[k]
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
	first := make(map[string]*Section, len(ix.f.Sections))
	for i := range ix.f.Sections {
		if s := &ix.f.Sections[i]; i != 0 && s.Size != 0 && first[s.Name] == nil {
			first[s.Name] = s
		}
	}
	return rawbtf.FixUps{
		SectionSize: func(name string) (uint64, bool) {
			if s := first[name]; s != nil {
				return s.Size, true
			}
			return 0, false
		},
		Symbol: func(name string, v rawbtf.Variable) (rawbtf.Placement, bool) {
			sym, err := ix.Find(name, v)
			if err != nil || sym == nil || first[name] == nil || !sym.In(first[name].Index) {
				return rawbtf.Placement{}, false
			}
			return rawbtf.Placement{Offset: sym.Value, Hidden: sym.Hidden()}, true
		},
		HiddenFunc: ix.hiddenFunc,
	}
}

// hiddenFunc tells of hidden functions in .text, which are subprograms.
func (ix *VarIndex) hiddenFunc(name string) bool {
	for _, s := range ix.symbols[varKey{".text", name, false}] {
		if s.Type == elf.STT_FUNC && s.Hidden() {
			return true
		}
	}
	return false
}
