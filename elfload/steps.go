package elfload

import (
	"fmt"
	"slices"

	"github.com/bpfload/bpfload/internal/mapdef"
	"github.com/bpfload/bpfload/internal/room"
)

// Op is what a step does.
type Op uint8

// The kinds of step, in the order in which a load has them.
const (
	OpLoadBTF         Op = iota + 1 // give the kernel the object's types
	OpUseMap                        // take map Map from the caller (MapDef.FD)
	OpCreateMap                     // create map Map, or take it from its pin
	OpMapArena                      // map arena Map into the process, with its initial value
	OpFillMap                       // write the initial value of map Map
	OpFreezeMap                     // forbid user space to write map Map
	OpSetMapSlot                    // put map Target into slot Slot of map Map
	OpLoadProgram                   // load program Program
	OpSetProgramSlot                // put program Target into slot Slot of map Map
	OpMigrateMap                    // copy the entries of the map that map Map replaces, if it replaces one
	OpPinMap                        // pin map Map
	OpPinProgram                    // pin program Program
	OpAttach                        // make link Link, or find it pinned
	OpPinLink                       // pin link Link
	OpSwapPins                      // put the new pins in the place of older ones that are not used again
	OpSwapMapSlot                   // as OpSetMapSlot, where map Map is used again and holds what Target replaces
	OpSwapProgramSlot               // as OpSetProgramSlot, where map Map is used again
	OpClearSlots                    // empty the slots of program array Map, if it is used again, that only an older version had
)

var opNames = [...]string{OpLoadBTF: "load_btf", OpUseMap: "use_map", OpCreateMap: "create_map", OpMapArena: "map_arena", OpFillMap: "fill_map", OpFreezeMap: "freeze_map",
	OpSetMapSlot: "set_map_slot", OpLoadProgram: "load_program", OpSetProgramSlot: "set_program_slot", OpMigrateMap: "migrate_map", OpPinMap: "pin_map",
	OpPinProgram: "pin_program", OpAttach: "attach", OpPinLink: "pin_link", OpSwapPins: "swap_pins", OpSwapMapSlot: "swap_map_slot",
	OpSwapProgramSlot: "swap_program_slot", OpClearSlots: "clear_slots"}

// String is the name that plan texts and documents use.
func (o Op) String() string {
	if int(o) < len(opNames) && opNames[o] != "" {
		return opNames[o]
	}
	return fmt.Sprintf("op %d", uint8(o))
}

// Step is one thing that a load does. Map, Program and Link are indices; those that
// the Op does not use are 0.
type Step struct {
	Op      Op
	Map     int
	Program int
	Link    int
	Slot    uint32
	Target  int
}

// planSteps puts everything in order: types, maps with their contents, slots of
// maps of maps, programs, slots of program arrays, entries of older maps, pins, links,
// and last what replaces something older that is in use. From here on the plan
// does not change.
func (p *Plan) planSteps() {
	p.Steps = room.For(p.room.steps[:], 1+2*len(p.Maps)+2*len(p.Programs))[:0] // about
	if p.btf != nil {
		p.step(Step{Op: OpLoadBTF})
	}
	for _, i := range p.creationOrder() {
		if !p.Maps[i].Create {
			continue
		}
		if p.Maps[i].FD != 0 {
			p.step(Step{Op: OpUseMap, Map: i})
			continue
		}
		p.step(Step{Op: OpCreateMap, Map: i})
		if isArena(p.Maps[i].Type) {
			p.step(Step{Op: OpMapArena, Map: i})
		} else if !allZero(p.Maps[i].Contents) || p.Maps[i].Dialect == mapdef.DialectKconfig { // a new map is zero already
			p.step(Step{Op: OpFillMap, Map: i})
		}
		if p.Maps[i].Frozen {
			p.step(Step{Op: OpFreezeMap, Map: i})
		}
	}
	p.slotSteps(mapdef.TargetMap, OpSetMapSlot)
	for i := range p.Programs {
		if p.Programs[i].Load {
			p.step(Step{Op: OpLoadProgram, Program: i})
		}
	}
	p.slotSteps(mapdef.TargetProgram, OpSetProgramSlot)
	for i := range p.Maps {
		m := &p.Maps[i]
		if m.Create && (m.PinPath != "" || len(p.opts.Passed) > 0 && storable(m)) && p.onMismatch(i) == MismatchMigrate {
			p.step(Step{Op: OpMigrateMap, Map: i})
		}
	}
	p.pinMapSteps()
	for i := range p.Programs {
		if p.Programs[i].PinPath != "" {
			p.step(Step{Op: OpPinProgram, Program: i})
		}
	}
	p.linkSteps()
	p.replaceSteps()
}

// mayBeReused tells whether a load may take map i from its pin, or from the
// descriptors that it was started with.
func (p *Plan) mayBeReused(i int) bool {
	m := &p.Maps[i]
	return m.Create && (m.PinPath != "" && p.opts.PinMode != PinCreate || len(p.opts.Passed) > 0 && storable(m))
}

// maySwapPins tells whether there may be older pins that are not used again:
// programs', and maps' that are not compatible.
func (p *Plan) maySwapPins() bool {
	return p.opts.PinMode != PinCreate && slices.ContainsFunc(p.Steps, func(s Step) bool {
		return s.Op == OpPinProgram || s.Op == OpPinMap && p.onMismatch(s.Map) != MismatchFail
	})
}

// replaceSteps are those that change what running programs use.
func (p *Plan) replaceSteps() {
	if p.maySwapPins() {
		p.step(Step{Op: OpSwapPins})
	}
	for i := range p.Maps {
		for _, s := range p.Maps[i].Slots {
			if t := s.Target; t.Kind == mapdef.TargetMap && p.mayBeReused(i) && p.mayBeReused(t.Index) && p.onMismatch(t.Index) != MismatchFail {
				p.step(Step{Op: OpSwapMapSlot, Map: i, Slot: s.Index, Target: t.Index})
			}
		}
	}
	order := p.replaceOrder()
	for _, s := range order {
		p.step(Step{Op: OpSwapProgramSlot, Map: s.m, Slot: s.slot, Target: s.program})
	}
	cleared := make([]bool, len(p.Maps))
	for _, s := range order {
		cleared[s.m] = true
	}
	for i := range cleared {
		if cleared[i] {
			p.step(Step{Op: OpClearSlots, Map: i})
		}
	}
}

// pinMapSteps pins in definition order, but for maps that a map of maps holds,
// which come before it: when a load is killed in between, no pinned map holds one
// that is not pinned, and the next load makes the rest.
func (p *Plan) pinMapSteps() {
	done := make([]bool, len(p.Maps))
	pin := func(i int) {
		if m := &p.Maps[i]; !done[i] && m.PinPath != "" && m.Create {
			p.step(Step{Op: OpPinMap, Map: i})
		}
		done[i] = true
	}
	for i := range p.Maps {
		for _, s := range p.Maps[i].Slots {
			if s.Target.Kind == mapdef.TargetMap {
				pin(s.Target.Index) // itself no map of maps: the kernel has two levels
			}
		}
		pin(i)
	}
}

func (p *Plan) step(s Step) { p.Steps = append(p.Steps, s) }

// creationOrder is definition order, except that a map which serves as template
// for an outer map comes before it (L24).
func (p *Plan) creationOrder() []int {
	order := make([]int, 0, len(p.Maps))
	done := make([]bool, len(p.Maps))
	for i := range p.Maps {
		if t := p.Maps[i].InnerMap; t != mapdef.NoMap && p.Maps[i].Inner == nil && !done[t] && !done[i] {
			done[t] = true
			order = append(order, t)
		}
		if !done[i] {
			done[i] = true
			order = append(order, i)
		}
	}
	return order
}

// slotSteps puts the slots of one kind in map order. A slot whose program is
// not loaded stays empty, which is told (D9).
func (p *Plan) slotSteps(kind mapdef.TargetKind, op Op) {
	for i := range p.Maps {
		m := &p.Maps[i]
		for _, s := range m.Slots {
			if s.Target.Kind != kind || !m.Create {
				continue
			}
			if w, empty := p.emptySlot(m, s); empty {
				p.warn(w)
				continue
			}
			p.step(Step{Op: op, Map: i, Slot: s.Index, Target: s.Target.Index})
		}
	}
}

// emptySlot tells that the slot's map or program will not be in the kernel.
func (p *Plan) emptySlot(m *PlannedMap, s Slot) (Warning, bool) {
	w := Warning{Code: "slot_empty", Map: m.Name, Section: m.Section}
	if s.Offset != 0 {
		w.Offset = mapdef.At(s.Offset)
	}
	if s.Target.Kind == mapdef.TargetProgram {
		t := &p.Programs[s.Target.Index]
		w.Program = t.Name
		w.Message = fmt.Sprintf("slot %d stays empty: program %q is not loaded", s.Index, t.Name)
		return w, !t.Load
	}
	t := &p.Maps[s.Target.Index]
	w.Message = fmt.Sprintf("slot %d stays empty: map %q is not created", s.Index, t.Name)
	return w, !t.Create
}

func allZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
