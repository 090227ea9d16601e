package elfload

import (
	"debug/elf"
	"errors"
	"fmt"
	"sort"
	"strings"

	"github.com/bpfload/bpfload/internal/mapdef"
	"github.com/bpfload/bpfload/internal/rawbtf"
)

// Global is one variable of a data section.
type Global struct {
	Name string
	// Map is the index of the data map that holds it; Offset and Size are in
	// bytes from the start of its value.
	Map          int
	Offset, Size uint64
	// Type is the BTF type id as in the file, 0 when unknown.
	Type uint32
	// Section is the ELF section's name.
	Section string
}

// Globals are the variables in the object's data maps, by map and then offset.
// Variables come from the symbol table, their types from BTF.
func (o *Object) Globals() []Global {
	mapOf := make(map[int]int) // section index to map index
	for i := range o.Maps {
		if o.Maps[i].Dialect == mapdef.DialectData {
			mapOf[o.Maps[i].SectionIndex] = i
		} else if s := o.Maps[i].DataSection; s != 0 {
			mapOf[s] = i
		}
	}
	var out []Global
	for i := range o.file.Symbols {
		s := &o.file.Symbols[i]
		m, ok := mapOf[int(s.Section)]
		if !ok || s.Name == "" || s.Section >= elf.SHN_LORESERVE || (s.Type != elf.STT_OBJECT && s.Type != elf.STT_NOTYPE) {
			continue
		}
		if s.Value > o.file.Sections[s.Section].Size || (s.Size == 0 && strings.HasPrefix(s.Name, ".L")) {
			continue
		}
		out = append(out, Global{Name: s.Name, Map: m, Offset: s.Value, Size: s.Size, Section: o.file.Sections[s.Section].Name})
	}
	sort.SliceStable(out, func(a, b int) bool {
		if out[a].Map != out[b].Map {
			return out[a].Map < out[b].Map
		}
		return out[a].Offset < out[b].Offset
	})
	o.typeGlobals(out)
	return out
}

// typeGlobals looks up the variables' types and, where a symbol has no size
// (clang 7 and older), their sizes.
func (o *Object) typeGlobals(globals []Global) {
	t := o.file.BTF
	if t == nil {
		return
	}
	types := make(map[[2]string]rawbtf.ID)
	for id := 1; id < t.Len(); id++ {
		ds := t.Type(rawbtf.ID(id))
		if ds.Kind != rawbtf.Datasec {
			continue
		}
		for i := range ds.Vlen {
			if v := t.Type(ds.SecInfo(i).Var); v.Kind == rawbtf.Var {
				types[[2]string{ds.Name(), v.Name()}] = v.Ref()
			}
		}
	}
	for i := range globals {
		g := &globals[i]
		g.Type = types[[2]string{g.Section, g.Name}]
		if n, err := t.Sizeof(g.Type); g.Size == 0 && g.Type != 0 && err == nil {
			g.Size = uint64(n)
		}
	}
}

// GlobalText is the variable's initial value as text, in the form that Var
// takes; "" where its type is unknown.
func (o *Object) GlobalText(g Global) string { return o.globalText(g, o.Maps[g.Map].Contents) }

// globalText is the variable's text in that value of its map; nil is all zeros.
func (o *Object) globalText(g Global, contents []byte) string {
	if g.Type == 0 || o.file.BTF == nil {
		return ""
	}
	n, err := o.file.BTF.Sizeof(g.Type)
	if err != nil || n > 1<<16 {
		return ""
	}
	if contents == nil {
		return o.file.BTF.DecodeText(g.Type, make([]byte, n))
	}
	b, ok := mapdef.Span(contents, g.Offset, uint64(n))
	if !ok {
		return ""
	}
	return o.file.BTF.DecodeText(g.Type, b)
}

// maxVarSection bounds the bytes of a section whose variables are set: a section
// of zeros may claim 4 GiB without one byte in the file.
const maxVarSection = 256 << 20

// setVars writes the values into copies of the data maps' contents.
func setVars(o *Object, defs []MapDef, vars []Var) error {
	if len(vars) == 0 {
		return nil
	}
	globals := o.Globals()
	copied := make([]bool, len(defs))
	for _, v := range vars {
		g, path, err := findGlobal(globals, v.Name)
		if err != nil {
			return err
		}
		size, err := o.sizeOfGlobal(g, v.Value)
		if err != nil {
			return varError(g, "var_value", err)
		}
		def := &defs[g.Map]
		if !copied[g.Map] {
			if n := max(uint64(def.ValueSize), uint64(len(def.Contents))); n > maxVarSection {
				return varError(g, "var_range", fmt.Errorf("its section of %d bytes is too large to be filled; at most %d are", n, maxVarSection))
			}
			copied[g.Map] = true
			contents := make([]byte, max(int(def.ValueSize), len(def.Contents)))
			copy(contents, def.Contents)
			def.Contents = contents
		}
		at, ok := mapdef.Span(def.Contents, g.Offset, size)
		if !ok {
			return varError(g, "var_range", fmt.Errorf("its %d bytes are outside the section of %d bytes", size, def.ValueSize))
		}
		if err := o.setVar(g, path, v.Value, at); err != nil {
			return varError(g, "var_value", err)
		}
	}
	return nil
}

func varError(g Global, code string, err error) *Error {
	return &Error{Stage: StagePlan, Kind: ErrUsage, Code: code, Section: g.Section, Symbol: g.Name, Offset: mapdef.At(g.Offset), Err: err}
}

// findGlobal is the variable of that name, or, where there is none, that of the
// longest beginning of it that ends before a ".member" or an "[index]"; path is the rest.
func findGlobal(globals []Global, name string) (g Global, path string, err error) {
	for whole := name; ; {
		g, found, err := globalNamed(globals, name)
		if found || err != nil {
			return g, whole[len(name):], err
		}
		i := strings.LastIndexAny(name, ".[")
		if i <= 0 {
			return Global{}, "", unknownGlobal(globals, whole)
		}
		name = name[:i]
	}
}

func globalNamed(globals []Global, name string) (g Global, ok bool, err error) {
	found := -1
	for i := range globals {
		if globals[i].Name != name {
			continue
		}
		if found >= 0 {
			return Global{}, false, varError(globals[i], "var_ambiguous", fmt.Errorf("another variable of this name is at offset %#x of section %q",
				globals[found].Offset, globals[found].Section))
		}
		found = i
	}
	if found < 0 {
		return Global{}, false, nil
	}
	return globals[found], true, nil
}

func unknownGlobal(globals []Global, name string) error {
	names := make([]string, len(globals))
	for i := range globals {
		names[i] = globals[i].Name
	}
	hint := "the object has no global variables in .data, .rodata or .bss sections"
	if len(names) > 0 {
		hint = "it has " + listSome(names, 12)
	}
	return &Error{Stage: StagePlan, Kind: ErrUsage, Code: "var_unknown", Symbol: name,
		Err: errors.New("no global variable has this name"), Hint: hint}
}

// listSome joins up to n names and tells how many more there are.
func listSome(names []string, n int) string {
	if len(names) <= n {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:n], ", "), len(names)-n)
}

// sizeOfGlobal is in bytes; text tells it where neither BTF nor the symbol does.
func (o *Object) sizeOfGlobal(g Global, text string) (uint64, error) {
	if g.Type != 0 && o.file.BTF != nil {
		n, err := o.file.BTF.Sizeof(g.Type)
		return uint64(n), err
	}
	b, err := rawbtf.EncodeUntyped(o.file.Order, g.Size, text)
	return uint64(len(b)), err
}

// setVar writes text into the variable's bytes, or into the part that path names;
// without BTF the symbol's size says how wide an integer is.
func (o *Object) setVar(g Global, path, text string, out []byte) error {
	if g.Type != 0 && o.file.BTF != nil {
		return o.file.BTF.SetText(g.Type, path, text, out)
	}
	if path != "" {
		return fmt.Errorf("%q of it is not known: the object has no type for it", path)
	}
	b, err := rawbtf.EncodeUntyped(o.file.Order, g.Size, text)
	copy(out, b)
	return err
}
