package legacymaps

import (
	"fmt"
	"slices"

	"github.com/bpfload/bpfload/internal/mapdef"
)

// TailCall is a program that its section's name puts in a slot of a program
// array (L36, L61).
type TailCall struct {
	Map          int    // index in the list of definitions given to TailCalls
	Slot         uint32 //
	Section      string // the program's
	SectionIndex int
	// Main is the section index of the program whose type this one inherits
	// (L63), -1 where the section's own name tells or nothing does.
	Main int
	// TypeSection is the section name by whose rule the program gets its type:
	// "socket" for "socket/0", the main program's for iproute2; "" unknown.
	TypeSection string
}

// NoSection is TailCall.Main of a program that inherits no type.
const NoSection = -1

// tailReader collects tail calls of one object.
type tailReader struct {
	f     *mapdef.File
	defs  []mapdef.Def
	opts  Options
	ids   map[uint32]int  // iproute2 program arrays: index in defs; looked up only
	taken map[slotKey]int // index in calls; looked up only
	calls []TailCall      // those replaced have Map NoMap
	warns []mapdef.Warning
}

type slotKey struct {
	def  int
	slot uint32
}

// TailCalls finds the tail-call sections of an object whose legacy definitions
// have a dialect with such a convention, in order of section index. defs may be
// the list that Parse returned or a longer one that contains it. A section whose
// map does not exist is a warning, with Options.Strict an error (L62); a slot
// outside its map is an error.
func TailCalls(f *mapdef.File, defs []mapdef.Def, opts Options) ([]TailCall, []mapdef.Warning, error) {
	r := &tailReader{f: f, defs: defs, opts: opts}
	samples, iproute2 := false, false
	for i := range defs {
		samples = samples || samplesFamily(defs[i].Dialect)
		iproute2 = iproute2 || iproute2Family(defs[i].Dialect)
	}
	var err error
	switch {
	case iproute2:
		err = r.byID()
	case samples:
		err = r.bySlot()
	}
	if err != nil {
		return nil, nil, err
	}
	calls := slices.DeleteFunc(r.calls, func(c TailCall) bool { return c.Map == mapdef.NoMap })
	return calls, r.warns, nil
}

// programs lists the executable sections that hold instructions.
func programs(f *mapdef.File) []*mapdef.Section {
	var list []*mapdef.Section
	for i := range f.Sections {
		if s := &f.Sections[i]; i != 0 && s.Exec() && s.Size != 0 {
			list = append(list, s)
		}
	}
	return list
}

// bySlot is L36: the last program array in definition order takes the programs
// of "socket/0", "kprobe/1" and the like.
func (r *tailReader) bySlot() error {
	at := mapdef.NoMap
	for i := range r.defs {
		if samplesFamily(r.defs[i].Dialect) && r.defs[i].Type == typeProgArray {
			at = i
		}
	}
	for _, sec := range programs(r.f) {
		prefix, slot, ok := samplesTail(sec.Name)
		if !ok {
			continue
		}
		if at == mapdef.NoMap {
			err := sectionError(sec, "tail_call_map", fmt.Sprintf("program asks for slot %d, but the object has no program array (dialect %s)", slot, dSamples))
			return err
		}
		if err := r.add(TailCall{Map: at, Slot: slot, Section: sec.Name, SectionIndex: sec.Index, Main: NoSection, TypeSection: prefix}); err != nil {
			return err
		}
	}
	return nil
}

// byID is L61 to L63: "ID/SLOT" goes to the first program array with that id.
func (r *tailReader) byID() error {
	r.indexIDs()
	main := r.mainSection()
	for _, sec := range programs(r.f) {
		id, slot, ok := iproute2Tail(sec.Name)
		if !ok {
			continue
		}
		at, ok := r.ids[id]
		if !ok {
			why := fmt.Sprintf("no program array has the id %d that the section's name asks for: the program is in no slot", id)
			if r.opts.Strict {
				return sectionError(sec, "tail_call_map", why)
			}
			r.warns = append(r.warns, mapdef.Warning{Code: NoTailCallMap, Section: sec.Name, Message: why})
			continue
		}
		c := TailCall{Map: at, Slot: slot, Section: sec.Name, SectionIndex: sec.Index, Main: NoSection}
		if main != nil {
			c.Main, c.TypeSection = main.Index, main.Name
		}
		if err := r.add(c); err != nil {
			return err
		}
	}
	return nil
}

// indexIDs notes the first program array of each id (L62).
func (r *tailReader) indexIDs() {
	r.ids = map[uint32]int{}
	for i := range r.defs {
		d := &r.defs[i]
		if !iproute2Family(d.Dialect) || d.Type != typeProgArray {
			continue
		}
		id, _ := d.ExtValue("id") // an element too short for the field has id 0 (L13)
		if _, dup := r.ids[uint32(id.Value)]; !dup {
			r.ids[uint32(id.Value)] = i
		}
	}
}

// mainSection is where iproute2 looks for the main program (L64), else the
// first section of code that is no tail call and no library of functions.
func (r *tailReader) mainSection() *mapdef.Section {
	list := programs(r.f)
	for _, name := range [...]string{"classifier", "action", "prog"} {
		for _, sec := range list {
			if sec.Name == name {
				return sec
			}
		}
	}
	for _, sec := range list {
		if _, _, tail := iproute2Tail(sec.Name); !tail && sec.Name != ".text" {
			return sec
		}
	}
	return nil
}

// add checks the slot's range. Of two programs for one slot the later one
// stays, as with the loaders of old.
func (r *tailReader) add(c TailCall) error {
	d := &r.defs[c.Map]
	if c.Slot >= d.MaxEntries {
		return sectionError(r.section(c), "slot_range", fmt.Sprintf("slot %d is outside program array %q of %d entries", c.Slot, d.Name, d.MaxEntries))
	}
	key := slotKey{c.Map, c.Slot}
	if i, taken := r.taken[key]; taken {
		r.warns = append(r.warns, mapdef.Warning{Code: "slot_replaced", Section: c.Section, Map: d.Name,
			Message: fmt.Sprintf("slot %d of map %q is also asked for by section %q: this program gets it", c.Slot, d.Name, r.calls[i].Section)})
		r.calls[i].Map = mapdef.NoMap
	}
	if r.taken == nil {
		r.taken = make(map[slotKey]int)
	}
	r.taken[key] = len(r.calls)
	r.calls = append(r.calls, c)
	return nil
}

func (r *tailReader) section(c TailCall) *mapdef.Section { return &r.f.Sections[c.SectionIndex] }

// NoTailCallMap is the code of the warning that a section names a program array
// that does not exist (L62); its programs are nobody's.
const NoTailCallMap = "tail_call_map"
