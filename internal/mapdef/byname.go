package mapdef

import (
	"cmp"
	"slices"
	"sort"
	"strings"
)

// SectionsByName are sections of a file in the order of their names; those of one
// name in the file's order.
type SectionsByName []*Section

// fewSections is the least that ByName makes room for: what is allocated below 513 bytes
// costs a fresh process two pages (bench/NOTES.md).
const fewSections = 65

// ByName is the sections that are wanted. It uses room, where that is large enough.
func (f *File) ByName(room SectionsByName, want func(*Section) bool) SectionsByName {
	all := slices.Grow(room[:0], max(len(f.Sections), fewSections))
	for i := range f.Sections {
		if s := &f.Sections[i]; want(s) {
			all = append(all, s)
		}
	}
	slices.SortFunc(all, func(a, b *Section) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), cmp.Compare(a.Index, b.Index))
	})
	return all
}

// Find is the rank of the first section of that name, or of where it would stand.
func (all SectionsByName) Find(name string) (rank int, found bool) {
	return slices.BinarySearchFunc(all, name, func(s *Section, name string) int { return strings.Compare(s.Name, name) })
}

// Named is the sections of one name.
func (all SectionsByName) Named(name string) []*Section {
	from, _ := all.Find(name)
	rest := all[from:]
	return rest[:sort.Search(len(rest), func(i int) bool { return rest[i].Name > name })]
}
