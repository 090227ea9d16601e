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

// ByName is the sections that are wanted.
func (f *File) ByName(want func(*Section) bool) SectionsByName {
	all := make(SectionsByName, 0, len(f.Sections))
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

// Named is the sections of one name.
func (all SectionsByName) Named(name string) []*Section {
	from := sort.Search(len(all), func(i int) bool { return all[i].Name >= name })
	rest := all[from:]
	return rest[:sort.Search(len(rest), func(i int) bool { return rest[i].Name > name })]
}
