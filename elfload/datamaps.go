package elfload

import (
	"debug/elf"
	"errors"
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

// dataMapName is the name that users see (R96, R99; D14: a section with a
// second dot keeps its full name, .bss.* as well).
func dataMapName(objectName, section string) string {
	if strings.Contains(section[1:], ".") {
		return section
	}
	n := kernelNameLength - max(7, len(section))
	if n <= 0 {
		return section
	}
	return sanitizeName(objectName[:min(n, len(objectName))]) + section
}

// sanitizeName replaces what the kernel refuses in names by '_' (R98).
func sanitizeName(s string) string {
	clean := func(c byte) bool {
		return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '.'
	}
	for i := range len(s) {
		if clean(s[i]) {
			continue
		}
		b := []byte(s)
		for ; i < len(b); i++ {
			if !clean(b[i]) {
				b[i] = '_'
			}
		}
		return string(b)
	}
	return s
}

// objectName is the file's name as libbpf makes it a prefix: the base name cut
// to 15 bytes and then at the first dot (R95).
func objectName(path string) string {
	base := path[strings.LastIndexByte(path, '/')+1:]
	base = base[:min(len(base), kernelNameLength)]
	if i := strings.IndexByte(base, '.'); i >= 0 {
		base = base[:i]
	}
	return base
}

// specials are the structs that the kernel finds in map values and manages
// itself (kernel/bpf/btf.c, btf_find_field).
var specials = []string{"bpf_spin_lock", "bpf_res_spin_lock", "bpf_timer", "bpf_wq", "bpf_task_work",
	"bpf_list_head", "bpf_list_node", "bpf_rb_root", "bpf_rb_node", "bpf_refcount"}

// kptrTags are the type tags that make a pointer in a map value the kernel's.
var kptrTags = []string{"kptr", "kptr_untrusted", "kptr_ref", "percpu_kptr", "uptr"}

// specialField names the first field of the type that only the kernel may
// touch, "" if there is none. Such a map is useless without its BTF.
func specialField(t *rawbtf.Table, id rawbtf.ID) string {
	w := specialWalk{t: t, budget: 4096}
	return w.find(id, 0)
}

// specialWalk bounds the walk over nested members: types may nest as a graph.
type specialWalk struct {
	t      *rawbtf.Table
	budget int
}

func (w *specialWalk) find(id rawbtf.ID, depth int) string {
	if w.budget--; w.budget < 0 || depth > 16 {
		return ""
	}
	ty, err := w.t.Strip(id)
	if errors.Is(err, rawbtf.ErrCycle) {
		return ""
	}
	switch ty.Kind {
	case rawbtf.Array:
		return w.find(ty.Array().Elem, depth+1)
	case rawbtf.Ptr:
		if tag := w.t.Type(ty.Ref()); tag.Kind == rawbtf.TypeTag {
			for _, name := range kptrTags {
				if tag.NameIs(name) {
					return name
				}
			}
		}
	case rawbtf.Struct, rawbtf.Union:
		for _, name := range specials {
			if ty.NameIs(name) {
				return name
			}
		}
		for i := range ty.Vlen {
			if s := w.find(ty.Member(i).Type, depth+1); s != "" {
				return s
			}
		}
	}
	return ""
}
