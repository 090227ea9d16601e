package elfload

import (
	"fmt"

	"github.com/bpfload/bpfload/internal/kconfig"
	"github.com/bpfload/bpfload/internal/mapdef"
	"github.com/bpfload/bpfload/internal/progs"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

// kconfigMaps is the one map that holds the object's configuration variables
// (R106 to R110); an object that refers to none has none. Its contents are the
// kernel's to say, so they are not known before a load.
func (o *Object) kconfigMaps() ([]mapdef.Def, error) {
	set, err := kconfig.Read(o.file)
	if set == nil || err != nil {
		return nil, err
	}
	o.kconfig = set
	def := mapdef.Def{
		Name: dataMapName(o.Name, kconfig.Section), Section: kconfig.Section, Size: uint64(set.Size),
		Dialect: mapdef.DialectKconfig, Evidence: "BTF section name", Internal: true, InnerMap: mapdef.NoMap,
		Type: mapTypeArray, KeySize: 4, ValueSize: set.Size, MaxEntries: 1, Flags: flagRdonlyProg | flagMmapable, Frozen: true,
		ValueType: set.Datasec,
	}
	if def.Name != kconfig.Section {
		def.Aliases = []string{kconfig.Section}
	}
	return []mapdef.Def{def}, nil
}

// kconfigFixUps answers for the DATASEC `.kconfig`, which no ELF section stands
// behind: its size and the places of its variables are those of the map (R110).
func (o *Object) kconfigFixUps(f rawbtf.FixUps) rawbtf.FixUps {
	set := o.kconfig
	if set == nil {
		return f
	}
	size, symbol := f.SectionSize, f.Symbol
	f.SectionSize = func(section string) (uint64, bool) {
		if section == kconfig.Section {
			return uint64(set.Size), true
		}
		return size(section)
	}
	f.Symbol = func(section string, v rawbtf.Variable) (rawbtf.Placement, bool) {
		if section != kconfig.Section {
			return symbol(section, v)
		}
		i, ok := set.Find(v.Name)
		if !ok {
			return rawbtf.Placement{}, false
		}
		return rawbtf.Placement{Offset: uint64(set.Vars[i].Offset)}, true
	}
	return f
}

// kconfigMap is the index of the configuration's map, false if there is none.
func (o *Object) kconfigMap() (int, bool) {
	for i := range o.Maps {
		if o.Maps[i].Dialect == mapdef.DialectKconfig {
			return i, true
		}
	}
	return 0, false
}

// linkKconfig makes the code refer to the configuration's map.
func (o *Object) linkKconfig(code *progs.Code) error {
	m, ok := o.kconfigMap()
	if !ok {
		return nil
	}
	return code.ExternsToMap(kconfig.Section, m, func(e *progs.ExternRef, addend int32) (uint32, error) {
		i, ok := o.kconfig.Find(e.Name)
		if !ok || e.Kind != progs.ExternAddr {
			return 0, externError(code, e, "extern_use", fmt.Errorf("%q is a variable of the kernel's configuration and cannot be called", e.Name), "")
		}
		v := &o.kconfig.Vars[i]
		if addend < 0 || uint32(addend) >= v.Size {
			return 0, externError(code, e, "reloc_range", fmt.Errorf("offset %d is outside %q of %d bytes", addend, e.Name, v.Size), "")
		}
		return v.Offset + uint32(addend), nil
	})
}

// kconfigText writes what the map will hold, one line per variable.
func (t *planText) kconfigText() {
	for _, v := range t.plan.Object.kconfig.Vars {
		t.add("%s kind=%s offset=%d size=%d", Quote(v.Name), v.Kind, v.Offset, v.Size)
		if v.Weak {
			t.add("weak")
		}
		t.end(under + "option ")
	}
}
