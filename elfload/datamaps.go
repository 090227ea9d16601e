package elfload

import (
	"debug/elf"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/bpfload/bpfload/internal/mapdef"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

// Map types and flags that data sections use (enum bpf_map_type, BPF_F_* of
// include/uapi/linux/bpf.h).
const (
	mapTypeArray     = 2
	flagRdonlyProg   = 1 << 7
	flagMmapable     = 1 << 10
	kernelNameLength = 15 // BPF_OBJ_NAME_LEN - 1
)

// sectionUse is what a section can be to a loader.
type sectionUse uint8

const (
	useNone     sectionUse = iota
	useData                // .data, .data.*
	useReadOnly            // .rodata, .rodata.*
	useZero                // .bss, .bss.*
)

// dataUse classifies a section by R17 to R21 and R26: name and type decide, the
// variables' constness does not.
func dataUse(s *mapdef.Section) sectionUse {
	if s.Size == 0 {
		return useNone
	}
	named := func(base string) bool {
		rest, ok := strings.CutPrefix(s.Name, base)
		return ok && (rest == "" || rest[0] == '.')
	}
	switch {
	case s.Type == elf.SHT_NOBITS && named(".bss"):
		return useZero
	case s.Type != elf.SHT_PROGBITS || s.Flags&elf.SHF_EXECINSTR != 0:
		return useNone
	case named(".data"):
		return useData
	case named(".rodata"):
		return useReadOnly
	}
	return useNone
}

// looseDataUse classifies what libbpf skips and cilium/ebpf takes (C17, C18):
// .dataX, .rodataX, and NOBITS sections named .data.x. They become maps only
// when a program refers to them.
func looseDataUse(s *mapdef.Section) sectionUse {
	if s.Size == 0 || s.Flags&elf.SHF_ALLOC == 0 {
		return useNone
	}
	switch {
	case s.Type == elf.SHT_NOBITS && (strings.HasPrefix(s.Name, ".data") || strings.HasPrefix(s.Name, ".bss")):
		return useZero
	case s.Type != elf.SHT_PROGBITS || s.Flags&elf.SHF_EXECINSTR != 0:
		return useNone
	case strings.HasPrefix(s.Name, ".rodata"):
		return useReadOnly
	case strings.HasPrefix(s.Name, ".data"):
		return useData
	}
	return useNone
}

// stringPool tells whether the section is one that the compiler made for
// literals (R22); it becomes a map only where something refers to it.
func stringPool(s *mapdef.Section) bool {
	return s.Flags&elf.SHF_MERGE != 0 || strings.HasPrefix(s.Name, ".rodata.str") || strings.HasPrefix(s.Name, ".rodata.cst")
}

// referenced marks the sections that instructions refer to.
func referenced(f *mapdef.File) []bool {
	refs := make([]bool, len(f.Sections))
	for i := range f.Sections {
		if !f.Sections[i].Exec() {
			continue
		}
		for _, r := range f.Relocs[i] {
			if s := f.Symbols[r.Symbol].Section; s < elf.SHN_LORESERVE {
				refs[s] = true
			}
		}
	}
	return refs
}

// dataMaps makes one definition per data section, in section order (R90 to R101).
// strings are sections of nothing but pin paths, which are no maps (L88).
func dataMaps(f *mapdef.File, objectName string, strings []int) ([]mapdef.Def, []mapdef.Warning, error) {
	var defs []mapdef.Def
	var warns []mapdef.Warning
	refs := referenced(f)
	facts := newDataFacts(f)
	for i := range f.Sections {
		s := &f.Sections[i]
		use := dataUse(s)
		if use == useNone && refs[i] {
			use = looseDataUse(s)
		}
		if use == useNone || (!refs[i] && (stringPool(s) || inOrder(strings, i))) {
			continue
		}
		def, err := dataMap(facts, s, use, objectName)
		if err != nil {
			return nil, nil, err
		}
		defs = append(defs, def)
		if rel := f.Relocs[i]; len(rel) > 0 {
			warns = append(warns, mapdef.Warning{Code: "unrelocated_pointer", Map: def.Name, Section: s.Name, Offset: mapdef.At(rel[0].Offset),
				Message: fmt.Sprintf("%d pointers in initialised data stay as the compiler left them: an address of the kernel's is not known at load", len(rel))})
		}
	}
	return defs, warns, nil
}

func dataMap(facts *dataFacts, s *mapdef.Section, use sectionUse, objectName string) (mapdef.Def, error) {
	f := facts.f
	if s.Size > math.MaxUint32 {
		return mapdef.Def{}, &Error{Stage: StageRead, Code: "section_size", Section: s.Name,
			Err: fmt.Errorf("%d bytes do not fit the 32-bit size of a map value", s.Size)}
	}
	def := mapdef.Def{
		Name: dataMapName(objectName, s.Name), Section: s.Name, SectionIndex: s.Index, Size: s.Size,
		Dialect: mapdef.DialectData, Evidence: "section name and type", Internal: true, InnerMap: mapdef.NoMap,
		Type: mapTypeArray, KeySize: 4, ValueSize: uint32(s.Size), MaxEntries: 1, Contents: s.Data,
	}
	if def.Name != s.Name {
		def.Aliases = []string{s.Name}
	}
	if use == useReadOnly {
		def.Flags, def.Frozen = flagRdonlyProg, true
	}
	if f.BTF == nil {
		return def, nil
	}
	ty, ok := facts.typeNamed(s.Name)
	if !ok {
		return def, nil
	}
	def.ValueType = ty.ID
	if ty.Kind == rawbtf.Datasec && facts.mmapable(s, ty) {
		def.Flags |= flagMmapable
	}
	return def, nil
}

// mmapable is R101 with D15 mended: user space may map the section if one of its
// variables is visible outside the file, unless the section holds fields that
// only the kernel may touch.
func (d *dataFacts) mmapable(s *mapdef.Section, ds rawbtf.Type) bool {
	vars, ok := d.vars[ds.ID]
	if !ok {
		vars = d.sectionVars(ds)
		if d.vars == nil {
			d.vars = make(map[rawbtf.ID]sectionVars)
		}
		d.vars[ds.ID] = vars
	}
	if vars.special {
		return false
	}
	return slices.ContainsFunc(vars.visible, func(name string) bool { return !d.hidden(s.Index, name) })
}

// dataFacts are asked about every variable of every data section; several sections
// may have one name, and so one DATASEC.
type dataFacts struct {
	f       *mapdef.File
	special *specialFields
	vars    map[rawbtf.ID]sectionVars // only looked up
	// sections are those of data, types the first of each one's name; made when first asked.
	sections mapdef.SectionsByName
	types    []rawbtf.Type
	// firsts are the first symbols of a section and name; made when first asked, and
	// only looked up.
	firsts     map[symbolKey]*mapdef.Symbol
	noneHidden bool // no symbol of the file is, of whatever name
}

// sectionVars is what a DATASEC says.
type sectionVars struct {
	special bool     // one of its variables has a field that only the kernel may touch
	visible []string // variables that are not static
}

type symbolKey struct {
	section int
	name    string
}

func newDataFacts(f *mapdef.File) *dataFacts {
	return &dataFacts{f: f, special: newSpecialFields(f.BTF)}
}

// typeNamed is the first type that has the name of a section, whatever its kind
// (libbpf's btf__find_by_name).
func (d *dataFacts) typeNamed(section string) (rawbtf.Type, bool) {
	if d.sections == nil {
		d.sections = d.f.ByName(nil, func(s *mapdef.Section) bool { return dataUse(s) != useNone || looseDataUse(s) != useNone })
		d.types = make([]rawbtf.Type, len(d.sections))
		for id := 1; id < d.f.BTF.Len(); id++ {
			ty := d.f.BTF.Type(rawbtf.ID(id))
			if name := ty.Name(); name != "" && name[0] == '.' { // as those of all data sections
				if i, ok := d.sections.Find(name); ok && d.types[i].ID == 0 {
					d.types[i] = ty
				}
			}
		}
	}
	var ty rawbtf.Type
	if i, ok := d.sections.Find(section); ok {
		ty = d.types[i]
	}
	return ty, ty.ID != 0
}

func (d *dataFacts) sectionVars(ds rawbtf.Type) (vars sectionVars) {
	for i := range ds.Vlen {
		v := d.f.BTF.Type(ds.SecInfo(i).Var)
		if v.Kind != rawbtf.Var {
			continue
		}
		if d.special.of(v.Ref()) != "" {
			vars.special = true
		}
		if v.Linkage() != rawbtf.LinkStatic {
			vars.visible = append(vars.visible, v.Name())
		}
	}
	return vars
}

// hidden tells whether the variable's symbol has HIDDEN or INTERNAL visibility,
// which makes it static to libbpf (R34).
func (d *dataFacts) hidden(section int, name string) bool {
	if d.noneHidden {
		return false
	}
	if d.firsts == nil {
		if d.noneHidden = !slices.ContainsFunc(d.f.Symbols, func(s mapdef.Symbol) bool { return s.Hidden() }); d.noneHidden {
			return false
		}
		d.firsts = make(map[symbolKey]*mapdef.Symbol, len(d.f.Symbols))
		for i := range d.f.Symbols {
			s := &d.f.Symbols[i]
			k := symbolKey{int(s.Section), s.Name}
			if d.firsts[k] == nil && s.In(k.section) {
				d.firsts[k] = s
			}
		}
	}
	s := d.firsts[symbolKey{section, name}]
	return s != nil && s.Hidden()
}

// inOrder tells whether an ascending list has the number.
func inOrder(list []int, n int) bool {
	_, ok := slices.BinarySearch(list, n)
	return ok
}
