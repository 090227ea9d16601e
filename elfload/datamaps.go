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
	named := func(base string) bool { return s.Name == base || strings.HasPrefix(s.Name, base+".") }
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
	for i := range f.Sections {
		s := &f.Sections[i]
		use := dataUse(s)
		if use == useNone && refs[i] {
			use = looseDataUse(s)
		}
		if use == useNone || (!refs[i] && (stringPool(s) || slices.Contains(strings, i))) {
			continue
		}
		def, err := dataMap(f, s, use, objectName)
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

func dataMap(f *mapdef.File, s *mapdef.Section, use sectionUse, objectName string) (mapdef.Def, error) {
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
	ty, ok := f.BTF.FindAny(s.Name)
	if !ok {
		return def, nil
	}
	def.ValueType = ty.ID
	if ty.Kind == rawbtf.Datasec && mmapable(f, s, ty) {
		def.Flags |= flagMmapable
	}
	return def, nil
}

// mmapable is R101 with D15 mended: user space may map the section if one of its
// variables is visible outside the file, unless the section holds fields that
// only the kernel may touch.
func mmapable(f *mapdef.File, s *mapdef.Section, ds rawbtf.Type) bool {
	visible := false
	for i := range ds.Vlen {
		v := f.BTF.Type(ds.SecInfo(i).Var)
		if v.Kind != rawbtf.Var {
			continue
		}
		if specialField(f.BTF, v.Ref()) != "" {
			return false
		}
		visible = visible || (v.Linkage() != rawbtf.LinkStatic && !hiddenSymbol(f, s.Index, v.Name()))
	}
	return visible
}

// hiddenSymbol tells whether the variable's symbol has HIDDEN or INTERNAL
// visibility, which makes it static to libbpf (R34).
func hiddenSymbol(f *mapdef.File, section int, name string) bool {
	for i := range f.Symbols {
		if s := &f.Symbols[i]; s.In(section) && s.Name == name {
			return s.Vis == elf.STV_HIDDEN || s.Vis == elf.STV_INTERNAL
		}
	}
	return false
}
