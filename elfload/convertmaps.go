package elfload

import (
	"fmt"
	"strings"

	"github.com/bpfload/bpfload/internal/mapdef"
)

// maxConvertSlot bounds the initialisers that are printed: a slot's index is the length of
// an array in C.
const maxConvertSlot = 1 << 16

// nameAll gives maps and programs in slots their C names before anything else
// can have them.
func (c *converter) nameAll() {
	c.names = make([]string, len(c.defs))
	for _, valid := range [...]bool{true, false} { // who has a C name keeps it
		for i := range c.defs {
			if d := &c.defs[i]; !d.Internal && (identifier(d.Name) == d.Name) == valid {
				c.names[i] = c.types.names.take(d.Name)
			}
		}
	}
	c.tags, c.below, c.declared, c.defined = map[int]string{}, map[int]string{}, map[int]bool{}, map[int]bool{}
	c.programs = make([]convertProgram, len(c.o.Programs))
	for _, i := range c.legacy {
		for _, s := range c.defs[i].Slots {
			if s.Target.Kind == mapdef.TargetProgram && c.programs[s.Target.Index].name == "" {
				c.nameProgram(s.Target.Index)
			}
		}
	}
	// Types come before the structs of maps, whose names are ours to choose.
	for _, i := range c.legacy {
		for d := &c.defs[i]; d != nil; d = d.Inner {
			c.types.needed(d.KeyType, d.KeySize)
			c.types.needed(d.ValueType, d.ValueSize)
		}
	}
	for _, i := range c.legacy {
		if t := c.template(&c.defs[i]); t != mapdef.NoMap && c.tags[t] == "" {
			c.tags[t] = c.types.tags.take(c.names[t] + "_map")
		}
	}
}

// template is the index of the map that a map of maps has as template, NoMap if
// there is none.
func (c *converter) template(d *MapDef) int {
	if d.Inner != nil || !isMapOfMaps(d.Type) {
		return mapdef.NoMap
	}
	return d.InnerMap
}

// printMaps prints the definitions in definition order. An initialiser, be it an
// empty one, makes clang emit the variable at once and not at its first use.
func (c *converter) printMaps() {
	for n, i := range c.legacy {
		if n > 0 {
			c.maps.WriteByte('\n')
		}
		d := &c.defs[i]
		if t := c.template(d); t != mapdef.NoMap && !c.declared[t] {
			c.declareTemplate(t)
			c.maps.WriteByte('\n')
		}
		c.declareLater(d)
		if notes := c.notes(d, c.names[i]); len(notes) > 0 {
			c.maps.WriteString(comment(notes...))
		}
		c.maps.WriteString(c.structOf(i) + " " + c.names[i] + asmLabel(c.names[i], d.Name) + " SEC(\".maps\") = " + c.initialiser(d) + ";\n")
		c.defined[i] = true
	}
}

// declareTemplate prints the struct of a template ahead of its map.
func (c *converter) declareTemplate(t int) {
	c.declared[t] = true
	d := &c.defs[t]
	c.maps.WriteString(comment("What every map inside has, as " + Quote(d.Name) + "."))
	c.maps.WriteString("struct " + c.tags[t] + " " + c.block(d, false) + ";\n")
}

// structOf is the type of a map's variable: the template's, if it is one and
// the struct says all.
func (c *converter) structOf(i int) string {
	d := &c.defs[i]
	tag := c.tags[i]
	switch {
	case tag == "" || d.Pinning == mapdef.PinByName: // templates have no pins
		return "struct " + c.block(d, true)
	case c.declared[i]:
		return "struct " + tag
	}
	c.declared[i] = true
	return "struct " + tag + " " + c.block(d, true)
}

// block is the members of a definition in braces. pin tells whether it may be pinned.
func (c *converter) block(d *MapDef, pin bool) string {
	var b strings.Builder
	b.WriteString("{\n")
	line := func(format string, args ...any) { fmt.Fprintf(&b, "\t"+format+"\n", args...) }
	c.useType(d.Type)
	line("__uint(type, %s);", c.types.names.macro(mapTypeMacro(d.Type), uint64(d.Type)))
	values := c.values(d)
	for _, m := range []string{c.sized("key", d.KeyType, d.KeySize), c.sized("value", d.ValueType, d.ValueSize)} {
		if m != "" && (values == "" || !strings.HasPrefix(m, "__uint(value_size,")) {
			line("%s", m)
		}
	}
	if d.MaxEntries != 0 {
		line("__uint(max_entries, %d);", d.MaxEntries)
	}
	if d.Flags != 0 {
		c.flags |= d.Flags
		line("__uint(map_flags, %s); /* %#x */", c.types.names.mapFlagMacros(d.Flags), d.Flags)
	}
	if d.Flags&flagNumaNode != 0 {
		line("__uint(numa_node, %d);", d.NumaNode)
	}
	if d.Extra != 0 {
		line("%s", c.mapExtra(d))
	}
	if pin && d.Pinning == mapdef.PinByName {
		c.pins = true
		line("__uint(pinning, LIBBPF_PIN_BY_NAME);")
	}
	if values != "" {
		line("%s", values)
	}
	return b.String() + "}"
}

func (c *converter) useType(t uint32) {
	for _, seen := range c.mapTypes {
		if seen == t {
			return
		}
	}
	c.mapTypes = append(c.mapTypes, t)
}

// sized is the member for a key or value: its type where it is known, else its
// size, nothing for 0.
func (c *converter) sized(field string, id, size uint32) string {
	if text := c.types.member(field, id, size); text != "" {
		return text
	}
	if size == 0 {
		return ""
	}
	return fmt.Sprintf("__uint(%s_size, %d);", field, size)
}

// mapExtra is a number of up to 64 bits: what __uint can bear is its, the rest is an
// enumerator.
func (c *converter) mapExtra(d *MapDef) string {
	if d.Extra < 1<<31 {
		return fmt.Sprintf("__uint(map_extra, %d);", d.Extra)
	}
	return fmt.Sprintf("enum { %s = %#xULL } map_extra;", c.types.names.take(identifier(d.Name)+"_map_extra"), d.Extra)
}

// values is the member of that name, "" for a map that has none.
func (c *converter) values(d *MapDef) string {
	switch {
	case isMapOfMaps(d.Type) && d.Inner != nil:
		return "__array(values, struct " + strings.ReplaceAll(c.block(d.Inner, false), "\n", "\n\t") + ");"
	case c.template(d) != mapdef.NoMap:
		return "__array(values, struct " + c.tags[d.InnerMap] + ");"
	case hasProgramSlots(d):
		return "__array(values, int (void *));"
	}
	return ""
}

func hasProgramSlots(d *MapDef) bool {
	for _, s := range d.Slots {
		if s.Target.Kind == mapdef.TargetProgram && s.Index < maxConvertSlot {
			return true
		}
	}
	return false
}

// declareLater declares what the initialiser names and what is defined only
// further on: programs by their prototypes, maps by another C name, as a declaration of
// the name itself would change their order.
func (c *converter) declareLater(d *MapDef) {
	for _, s := range d.Slots {
		t := s.Target
		switch {
		case s.Index >= maxConvertSlot:
		case t.Kind == mapdef.TargetProgram:
			c.printProto(t.Index)
		case !c.defined[t.Index] && c.below[t.Index] == "":
			if len(c.below) == 0 {
				c.maps.WriteString(comment("Maps that are defined below have another name up here: declared by their own,", "clang would put them before their turn."))
			}
			name := c.names[t.Index]
			c.below[t.Index] = c.types.names.take(name + "__below")
			if asmLabel(name, c.defs[t.Index].Name) != "" {
				name = c.defs[t.Index].Name
			}
			fmt.Fprintf(&c.maps, "extern char %s[] __asm__(%s) __attribute__((nodebug));\n", c.below[t.Index], cString(name))
		}
	}
}

// initialiser is the slots, in braces.
func (c *converter) initialiser(d *MapDef) string {
	if c.values(d) == "" {
		return "{}"
	}
	var b strings.Builder
	for _, s := range d.Slots {
		if s.Index >= maxConvertSlot {
			continue
		}
		fmt.Fprintf(&b, "\t\t[%d] = %s,\n", s.Index, c.target(d, s.Target))
	}
	if b.Len() == 0 {
		return "{}"
	}
	return "{\n\t.values = {\n" + b.String() + "\t},\n}"
}

// target is the address of a slot's map or program.
func (c *converter) target(d *MapDef, t Target) string {
	switch {
	case t.Kind == mapdef.TargetProgram:
		return "(void *)&" + c.programs[t.Index].name
	case !c.defined[t.Index]:
		return "(void *)" + c.below[t.Index]
	case d.Inner == nil && d.InnerMap == t.Index && c.defs[t.Index].Pinning != mapdef.PinByName:
		return "&" + c.names[t.Index]
	}
	return "(void *)&" + c.names[t.Index]
}
