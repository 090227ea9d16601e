package elfload

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cilium/ebpf"

	"github.com/bpfload/bpfload/internal/bpfsys"
	"github.com/bpfload/bpfload/internal/mapdef"
)

// notes is what the comment above a definition says: everything that the
// definition cannot. What is lost is a warning, too.
func (c *converter) notes(d *MapDef, name string) []string {
	var notes []string
	add := func(code, format string, args ...any) {
		notes = append(notes, sentence(c.warn(d, code, format, args...)))
	}
	switch {
	case name == d.Name:
	case asmLabel(name, d.Name) != "":
		notes = append(notes, sentence(fmt.Sprintf("the map is called %s in the object and its loaders, which C has another use for", Quote(d.Name))))
	default:
		add("convert_name", "the map is called %s in the object, which C cannot say or has twice", Quote(d.Name))
	}
	if d.Static {
		add("convert_static", "static or hidden in the object; global here, as libbpf refuses others")
	}
	if len(d.Aliases) > 0 {
		add("convert_aliases", "also called %s, which a definition cannot say", quoteList(d.Aliases))
	}
	c.pinNote(d, add)
	if isMapOfMaps(d.Type) && d.Inner == nil && d.InnerMap == mapdef.NoMap {
		add("convert_no_inner", "the definition names no map for the inside, and loaders refuse it as it is: add "+
			"__array(values, struct { … }), or convert with --inner %s=MAP", d.Name)
	}
	if err := checkSizes(&bpfsys.MapAttr{}, d, d.MaxEntries == 0 && d.Type == uint32(ebpf.PerfEventArray), 0); err != nil {
		var e *Error
		if errors.As(err, &e) {
			err = e.Err
		}
		add("convert_size", "loaders refuse it as it is, unless the host changes it: %s (convert with --map %s.FIELD=VALUE)", err, d.Name)
	}
	for _, s := range d.Slots {
		if s.Target.Kind == mapdef.TargetMap && !c.defined[s.Target.Index] {
			add("convert_order", "slot %d holds %s, which comes later: libbpf cannot load that; move this map below if the order does not matter",
				s.Index, Quote(c.defs[s.Target.Index].Name))
		}
		if s.Index >= maxConvertSlot {
			add("convert_slot", "slot %d is too high for an initialiser: set it at run time", s.Index)
		}
	}
	for _, why := range c.types.dropped(d) {
		add("convert_type", "%s", why)
	}
	if d.NumaNode != 0 && d.Flags&flagNumaNode == 0 {
		add("convert_numa_node", "numa_node %d does not count without BPF_F_NUMA_NODE", d.NumaNode)
	}
	if len(d.Tail) > 0 {
		add("convert_tail", "bytes of unknown meaning: %x", d.Tail)
	}
	if ext := extNotes(d, false); ext != "" {
		notes = append(notes, "It said, in the dialect "+d.Dialect+": "+ext+".")
	}
	if ext := extNotes(d, true); ext != "" {
		add("convert_field", "fields of the dialect %s that a definition cannot have: %s", d.Dialect, ext)
	}
	return c.programNotes(d, notes)
}

// pinNote tells of pins that LIBBPF_PIN_BY_NAME is not.
func (c *converter) pinNote(d *MapDef, add func(code, format string, args ...any)) {
	switch {
	case d.Pinning == mapdef.PinNone || d.Pinning == mapdef.PinByName:
	case d.PinPath != "":
		add("convert_pinning", "to be pinned (%s) as %s, which a definition cannot say: bpf_map__set_pin_path", d.Pinning, Quote(d.PinPath))
	default:
		add("convert_pinning", "to be pinned (%s) at a place that the loader chose, which a definition cannot say: bpf_map__set_pin_path", d.Pinning)
	}
}

// saidOtherwise are further fields whose meaning the printed C has, or another note.
var saidOtherwise = [...]string{"id", "inner_id", "inner_idx", "inner_map_idx", "inner_map_def", "pinning", "persistent_path", "namespace",
	"pin_subdir", "shared", "create_location", "pin_location"}

// neutral are values of further fields that mean nothing, as 0 does in others.
var neutral = [...]struct {
	name  string
	value uint64
}{{"bpfloader_max_ver", 0x10000}, {"max_kver", 0xffffffff}}

// extNotes lists the further fields of a dialect that mean something: those that are
// lost, or the others.
func extNotes(d *MapDef, lost bool) string {
	var list []string
	for _, x := range d.Ext {
		isNeutral := false
		for _, n := range neutral {
			isNeutral = isNeutral || n.name == x.Name && n.value == x.Value
		}
		switch {
		case slices.Contains(saidOtherwise[:], x.Name) == lost || isNeutral:
		case x.Text != "":
			list = append(list, x.Name+" "+Quote(x.Text))
		case x.Value != 0:
			list = append(list, fmt.Sprintf("%s %d", x.Name, x.Value))
		}
	}
	return strings.Join(list, ", ")
}

// programNotes tells which section names put programs into slots, as libbpf does
// not know such names.
func (c *converter) programNotes(d *MapDef, notes []string) []string {
	for _, s := range d.Slots {
		if s.Target.Kind != mapdef.TargetProgram {
			continue
		}
		p, pr := &c.programs[s.Target.Index], &c.o.Programs[s.Target.Index]
		switch {
		case p.guessed:
			notes = append(notes, sentence(c.warn(d, "convert_section", "program %s stands in section %s, which told its slot; "+
				"its type stands nowhere: find the SEC() for it", Quote(pr.Name), Quote(pr.Section))))
		case p.section != pr.Section:
			notes = append(notes, sentence(c.warn(d, "convert_section", "program %s stands in section %s, which told its slot; now that is SEC(%s)",
				Quote(pr.Name), Quote(pr.Section), cString(p.section))))
		}
	}
	return notes
}

// sentence begins with a capital and ends with a full stop.
func sentence(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:] + "."
}
