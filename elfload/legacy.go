package elfload

import (
	"fmt"
	"io"
	"os"

	"github.com/bpfload/bpfload/internal/mapdef"
	"github.com/bpfload/bpfload/internal/progs"
	"github.com/bpfload/bpfload/legacymaps"
)

// LegacyOptions say how legacy definitions are read, beyond their dialect: pin
// tables, namespaces, inner templates by number. The zero value will do for
// nearly every object.
type LegacyOptions = legacymaps.Options

// GateHost is what version gates of definitions are held against (Options.Gates).
type GateHost = legacymaps.AndroidHost

// legacyOptions completes what the caller says of legacy definitions.
func (o *Object) legacyOptions() legacymaps.Options {
	lo := o.read.Legacy
	if o.read.Dialect != "" {
		lo.Dialect = o.read.Dialect
	}
	lo.Relaxed = lo.Relaxed || o.read.Relaxed
	if lo.ObjectName == "" {
		lo.ObjectName = o.read.Name
	}
	return lo
}

// typeLegacyPrograms gives a type to programs whose section name only the
// loaders of old understood (L37).
func (o *Object) typeLegacyPrograms() {
	for i := range o.Programs {
		p := &o.Programs[i]
		if p.Type != 0 {
			continue
		}
		if name := legacymaps.ProgramSection(o.Maps, p.Section); name != "" {
			o.retype(p, name)
		}
	}
}

// retype gives a program the type that another section name would.
func (o *Object) retype(p *ProgramDef, section string) {
	if st, ok := progs.ClassifySection(section); ok {
		p.SectionType = st
	}
}

// tailCalls turns programs that their section's name puts into a program
// array into slots like any other (L36, L61 to L63). defs are the definitions to
// go by; a map that the caller supplies is not one of them.
func (o *Object) tailCalls(defs []MapDef) ([]tailCall, []Warning, error) {
	calls, warns, err := legacymaps.TailCalls(o.file, defs, o.legacyOptions())
	if err != nil {
		return nil, nil, err
	}
	for _, w := range warns {
		if w.Code == legacymaps.NoTailCallMap {
			o.leaveOut(w.Section)
		}
	}
	var out []tailCall
	for _, c := range calls {
		prog := o.firstProgram(c.SectionIndex)
		if prog < 0 {
			warns = append(warns, Warning{Code: "tail_call_empty", Section: c.Section, Map: defs[c.Map].Name,
				Message: fmt.Sprintf("the section holds no program for slot %d", c.Slot)})
			continue
		}
		out = append(out, tailCall{prog: prog, main: o.firstProgram(c.Main), section: c.TypeSection,
			mapIndex: c.Map, slot: Slot{Index: c.Slot, Target: Target{Kind: mapdef.TargetProgram, Index: prog}}})
	}
	return out, warns, nil
}

// leaveOut makes untyped programs of a section optional: its name would put
// them into a program array that does not exist (L62).
func (o *Object) leaveOut(section string) {
	for i := range o.Programs {
		if p := &o.Programs[i]; p.Section == section && p.Type == 0 {
			p.Autoload = false
		}
	}
}

// tailCall is a program that its section's name puts into a slot.
type tailCall struct {
	prog     int    // index of the program
	main     int    // index of the program whose type it inherits, -1 for none
	section  string // section name that gives its type, "" for none
	mapIndex int
	slot     Slot
}

// firstProgram is the index of the first program of a section, -1 for none.
func (o *Object) firstProgram(section int) int {
	for i := range o.Programs {
		if o.Programs[i].SectionIndex == section {
			return i
		}
	}
	return -1
}

// applyTailCalls adds the slots to defs. A slot that has an owner already is an error.
func applyTailCalls(defs []MapDef, calls []tailCall, programs []ProgramDef) error {
	for _, c := range calls {
		d := &defs[c.mapIndex]
		at := len(d.Slots)
		for i, s := range d.Slots {
			if s.Index == c.slot.Index {
				return &Error{Stage: StageRead, Code: "slot_twice", Section: programs[c.prog].Section, Symbol: programs[c.prog].Name,
					Err: fmt.Errorf("slot %d of %q is filled twice", s.Index, d.Name)}
			}
			if s.Index > c.slot.Index && at == len(d.Slots) {
				at = i
			}
		}
		d.Slots = append(d.Slots[:at:at], append([]Slot{c.slot}, d.Slots[at:]...)...)
	}
	return nil
}

// inheritTypes gives tail-call programs without a type that of the program that
// calls them, once the caller has had a say (L63).
func (p *Plan) inheritTypes() {
	for _, c := range p.calls {
		pr := &p.Programs[c.prog]
		if pr.Type != 0 {
			continue
		}
		if c.main >= 0 {
			pr.SectionType = p.Programs[c.main].SectionType
		} else if c.section != "" {
			p.Object.retype(&pr.ProgramDef, c.section)
		}
		pr.SectionType.Name = "" // no place of its own to be attached to
	}
}

// assumeTypes gives programs of iproute2 objects that have no type by now the one
// that tc or ip would load them as, and tells so (L63, L64).
func (p *Plan) assumeTypes() {
	tail := make([]bool, len(p.Programs))
	for _, c := range p.calls {
		tail[c.prog] = true
	}
	for i := range p.Programs {
		if !tail[i] {
			p.assumeType(&p.Programs[i])
		}
	}
	p.inheritTypes()
	for _, c := range p.calls {
		p.assumeType(&p.Programs[c.prog])
	}
}

func (p *Plan) assumeType(pr *PlannedProgram) {
	if pr.Type != 0 || pr.Text() || !pr.Load {
		return
	}
	section := legacymaps.AssumedSection(p.Object.Maps, pr.Section, p.Object.legacyOptions())
	if section == "" {
		return
	}
	p.Object.retype(&pr.ProgramDef, section)
	p.warn(Warning{Code: "program_type_assumed", Program: pr.Name, Section: pr.Section, Offset: mapdef.At(pr.Offset),
		Message: fmt.Sprintf("the section name gives the program no type; it is taken for %s, as iproute2's objects usually are: --type %s=TYPE says otherwise",
			progs.TypeName(pr.Type), pr.Name)})
}

// applyGates leaves out maps that their definition's version gates keep from
// this host, and programs that need them (L93).
func (p *Plan) applyGates() {
	if p.opts.Gates == nil {
		return
	}
	for i := range p.Maps {
		m := &p.Maps[i]
		why, gated := legacymaps.AndroidGate(&m.MapDef, *p.opts.Gates)
		if !gated {
			continue
		}
		m.Create = false
		p.warn(Warning{Code: "map_gated", Map: m.Name, Section: m.Section, Offset: mapdef.At(m.Offset),
			Message: "the map is not created: " + why})
	}
}

// gatePrograms leaves out programs that refer to maps that are gated out.
func (p *Plan) gatePrograms() {
	if p.opts.Gates == nil {
		return
	}
	for i := range p.Programs {
		pr := &p.Programs[i]
		for _, m := range pr.MapRefs {
			if pr.Load && !p.Maps[m].Create {
				pr.Load = false
				p.warn(Warning{Code: "program_gated", Program: pr.Name, Section: pr.Section, Map: p.Maps[m].Name,
					Message: fmt.Sprintf("the program is not loaded: it needs map %q, which is not created", p.Maps[m].Name)})
			}
		}
	}
}

// maxPinTable bounds the size in bytes of a pinning table.
const maxPinTable = 1 << 20

// ReadPinTable reads a table that maps numbers in definitions to directories
// below the root of bpffs (L58), for LegacyOptions.PinTable; iproute2 keeps its
// own at /etc/iproute2/bpf_pinning.
func ReadPinTable(path string) (map[uint32]string, []Warning, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, &Error{Stage: StageRead, Kind: ErrUsage, Code: "pin_table", Err: err}
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxPinTable))
	if err != nil {
		return nil, nil, &Error{Stage: StageRead, Kind: ErrUsage, Code: "pin_table", Err: err}
	}
	table, warns := legacymaps.ParsePinTable(text)
	return table, warns, nil
}
