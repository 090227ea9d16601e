package rawbtf

import (
	"math"
	"sort"
)

// layOut decides what each DATASEC of the kernel's copy holds.
func (k *kernelCopy) layOut() error {
	for id := 1; id < len(k.offsets); id++ {
		ty := k.at(ID(id), k.offsets[id])
		if ty.Kind != Datasec {
			continue
		}
		vars, err := ty.Variables()
		if err != nil && !ty.NameIs(".ksyms") { // whose functions are left out
			return err
		}
		size, ok := k.fix.SectionSize(ty.Name())
		if !ok || size > math.MaxUint32 {
			size = uint64(ty.Size())
		}
		kept := k.place(ty, vars, size)
		// The kernel refuses "size == 0", but not a section without members.
		if k.sections == nil {
			k.sections = make(map[ID]section)
		}
		k.sections[ty.ID] = section{size: uint32(max(size, 1)), vars: kept}
	}
	return nil
}

// place moves the variables to where their symbols are, sorts them (spec R36),
// and leaves out those that the kernel would refuse: without a place or a size,
// outside of the section, or on top of another.
func (k *kernelCopy) place(ty Type, vars []Variable, size uint64) []Variable {
	name, placed := ty.Name(), vars[:0]
	for _, v := range vars {
		if k.placeOne(ty, name, &v) {
			placed = append(placed, v)
		}
	}
	sort.SliceStable(placed, func(i, j int) bool { return placed[i].Offset < placed[j].Offset })
	kept, end := placed[:0], uint64(0)
	for _, v := range placed {
		need, err := k.Sizeof(v.Type)
		v.Size = max(v.Size, need) // the kernel refuses less than the type has
		why := ""
		switch last := uint64(v.Offset) + uint64(v.Size); {
		case v.Size == 0 || err != nil:
			why = "has no size"
		case last > size:
			why = "does not fit into the section"
		case uint64(v.Offset) < end:
			why = "lies on another one"
		default:
			kept, end = append(kept, v), last
			continue
		}
		k.note("btf_variable", name, v.Name, "variable %q at 0x%x of %d bytes %s and is left out of the kernel's BTF section",
			v.Name, v.Offset, v.Size, why)
	}
	return kept
}

// placeOne gives one variable the offset and linkage of its symbol (spec R31,
// R34). A variable without symbol keeps its offset if that can be right: static
// ones have theirs from the compiler (R33), others from a linker, which also
// wrote the section's size.
func (k *kernelCopy) placeOne(ty Type, section string, v *Variable) bool {
	at, ok := k.fix.Symbol(section, *v)
	if !ok {
		if v.Linkage == LinkStatic || v.Linkage == LinkGlobal && ty.Size() != 0 {
			return true
		}
		if v.Linkage != LinkExtern { // those have a section nowhere
			k.note("btf_variable", section, v.Name, "variable %q has no symbol and is left out of the kernel's BTF section", v.Name)
		}
		return false
	}
	if at.Offset > math.MaxUint32 {
		k.note("btf_variable", section, v.Name, "variable %q is at 0x%x, too far for BTF, and is left out of the kernel's BTF section", v.Name, at.Offset)
		return false
	}
	if ty.Size() != 0 && v.Linkage != LinkExtern && uint64(v.Offset) != at.Offset {
		k.note("btf_offset", section, v.Name, "variable %q is at 0x%x by its symbol but at 0x%x by its BTF; the symbol counts", v.Name, at.Offset, v.Offset)
	}
	v.Offset = uint32(at.Offset)
	if at.Hidden {
		if k.static == nil {
			k.static = make(map[ID]bool)
		}
		k.static[v.Var] = true
	}
	return true
}
