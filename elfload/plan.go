package elfload

import (
	"fmt"
	"os"
	"slices"

	"github.com/cilium/ebpf"

	"github.com/bpfload/bpfload/internal/bpfsys"
	"github.com/bpfload/bpfload/internal/mapdef"
	"github.com/bpfload/bpfload/internal/progs"
	"github.com/bpfload/bpfload/internal/room"
)

// Plan is everything that a load will do, in order, with indices instead of
// names. It is made without asking the kernel or the host.
type Plan struct {
	Object *Object
	// Maps and Programs have the indices of the Object's.
	Maps     []PlannedMap
	Programs []PlannedProgram
	// Links are what Options.Attach asks for.
	Links []PlannedLink
	// Steps in the order in which they are carried out. Neighbouring OpLoadProgram
	// steps may run at the same time; their results keep this order.
	Steps []Step
	// Warnings of reading and planning.
	Warnings []Warning

	opts  Options
	room  *planRoom // that it stands in
	calls []tailCall
	// mismatches say for each map what to do if its pin is not compatible.
	mismatches []Mismatch
	// constants are the object's, with the caller's values.
	constants []constant
	// linked is the size in bytes of what planPrograms has linked.
	linked  uint64
	special *specialFields
	// btf is the copy of the object's BTF that the kernel is given, nil for none.
	btf []byte
}

// PlannedMap is a definition as it will reach the kernel.
type PlannedMap struct {
	MapDef
	// Create tells whether the load creates the map, or takes it from its pin.
	// Instructions that refer to a map that is not created are poisoned: the
	// verifier accepts them in dead code only (R133).
	Create bool
	// KernelName is what BPF_MAP_CREATE is told, at most 15 bytes.
	KernelName string
	// PerCPUEntries: max_entries is the number of possible CPUs, which is known
	// only when the map is created (R78). InnerPerCPUEntries: the template's is.
	PerCPUEntries, InnerPerCPUEntries bool
	// PinPath is the file that the map is taken from or pinned to, "" for none.
	PinPath string
	// Device is the network device that the map is offloaded to, "" for none.
	Device string
	// NeedsBTF names the field of the value that is useless without BTF
	// ("bpf_spin_lock"), "" for none.
	NeedsBTF string
	// Err is why the map cannot be created, with Options.KeepGoing.
	Err error
}

// PlannedProgram is a program as it will reach the kernel, but for descriptors
// and the kernel's own type ids.
type PlannedProgram struct {
	ProgramDef
	// Load tells whether the program is to be loaded.
	Load bool
	// KernelName is what BPF_PROG_LOAD is told, at most 15 bytes.
	KernelName string
	// MapRefs are the indices of the maps that the program uses, ascending.
	MapRefs []int
	// PinPath is the file that the program is pinned to, "" for none.
	PinPath string
	// AttachProg is the program that has the function which this one attaches
	// to: a path on bpffs or an id; "" for none.
	AttachProg string
	// Device is the network device that the program is tied to, "" for none.
	Device string
	// Err is why the program cannot be loaded, with Options.KeepGoing.
	Err error

	code *progs.Code
	// unsetConstants are those that it refers to and nobody gave a value.
	unsetConstants []string
}

// NewPlan makes the plan for an object; see Object.Plan.
func NewPlan(o *Object, opts Options) (*Plan, error) { return o.Plan(opts) }

// Plan decides every step of a load: overrides and variables are applied,
// programs linked, names and pin paths fixed. It is pure, so that a plan can be
// printed and tested anywhere.
func (o *Object) Plan(opts Options) (*Plan, error) {
	o, err := o.withDialect(opts.Dialect)
	if err != nil {
		return nil, err
	}
	if opts.PageSize == 0 {
		opts.PageSize = os.Getpagesize()
	}
	in := &planRoom{}
	p := &in.Plan
	*p = Plan{room: in, Object: o, opts: opts, calls: o.calls, Warnings: append([]Warning(nil), o.Warnings...)}
	for _, step := range []func() error{p.planMaps, p.planNames, p.planBTF, p.planPrograms, p.planPins, p.planLinks} {
		if err := step(); err != nil {
			return nil, planStage(err)
		}
	}
	if err := p.checkMemory(1); err != nil { // on no machine less
		return nil, err
	}
	p.planSteps()
	return p, nil
}

// planRoom is a Plan with the tables of a small object.
type planRoom struct {
	Plan
	attr     bpfsys.MapAttr // for checkSizes
	maps     [fewMaps]PlannedMap
	programs [fewPrograms]PlannedProgram
	steps    [16]Step
}

// planStage marks errors that the readers made without knowing the stage.
func planStage(err error) error {
	if e, ok := err.(*Error); ok && e.Stage == "" {
		e.Stage = StagePlan
	}
	return err
}

// withDialect reads the object again if the caller asks for another dialect
// than it was read with.
func (o *Object) withDialect(dialect string) (*Object, error) {
	if dialect == "" || dialect == o.read.Dialect {
		return o, nil
	}
	ro := o.read
	ro.Dialect = dialect
	again, err := (&objectRoom{}).read(o.image, ro)
	if err != nil {
		return nil, err
	}
	again.Path = o.Path
	return again, nil
}

func (p *Plan) warn(w Warning) { p.Warnings = append(p.Warnings, w) }

// planMaps applies what the caller says to copies of the definitions, then
// checks and completes them.
func (p *Plan) planMaps() error {
	defs := p.Object.Maps
	if p.opts.Fixup != nil || len(p.opts.Maps)+len(p.opts.Inner)+len(p.opts.Vars) > 0 {
		defs = slices.Clone(defs)
		for i := range defs {
			separate(&defs[i])
		}
	} // else nothing below changes them
	if p.opts.Fixup != nil {
		for i := range defs {
			if err := p.opts.Fixup(&defs[i]); err != nil {
				return &Error{Stage: StagePlan, Kind: ErrUsage, Code: "fixup", Section: defs[i].Section, Symbol: defs[i].Name, Err: err}
			}
		}
	}
	if err := p.suppliedMaps(defs); err != nil {
		return err
	}
	if err := overrideMaps(defs, p.opts.Maps); err != nil {
		return err
	}
	if err := giveInner(defs, p.opts.Inner); err != nil {
		return err
	}
	vars, err := p.setConstants(p.opts.Vars)
	if err != nil {
		return err
	}
	if err := setVars(p.Object, defs, vars); err != nil {
		return err
	}
	p.Maps = room.For(p.room.maps[:], len(defs))
	for i := range defs {
		p.Maps[i] = PlannedMap{MapDef: defs[i], Create: !defs[i].Optional}
		separate(&p.Maps[i].MapDef)
		if err := p.keepMap(&p.Maps[i], p.completeMap(&p.Maps[i])); err != nil {
			return err
		}
	}
	p.applyGates()
	return nil
}

// separate gives a copy of a definition its own inner definition and slots.
func separate(d *MapDef) {
	if d.Inner != nil {
		inner := *d.Inner
		d.Inner = &inner
	}
	d.Slots = append([]Slot(nil), d.Slots...)
}

// completeMap settles what a definition leaves open and refuses what no kernel
// would take (D7, D17).
func (p *Plan) completeMap(m *PlannedMap) error {
	if t := p.Object.file.BTF; t != nil {
		if p.special == nil {
			p.special = newSpecialFields(t)
		}
		m.NeedsBTF = p.special.of(m.ValueType)
	}
	if m.StructOps != nil {
		m.NeedsBTF = "struct_ops type"
	}
	m.PerCPUEntries = p.completeDef(&m.MapDef)
	if m.Inner != nil {
		m.InnerPerCPUEntries = p.completeDef(m.Inner)
	}
	if isMapOfMaps(m.Type) && m.Inner == nil && m.InnerMap == mapdef.NoMap {
		return mapError(&m.MapDef, "no_inner", fmt.Errorf("the map of maps has no inner definition"),
			"give it one with --inner "+m.Name+"=INNER, or declare its `values` as an array of pointers to the inner map's struct")
	}
	if err := checkSizes(&p.room.attr, &m.MapDef, m.PerCPUEntries, p.opts.PageSize); err != nil {
		return err
	}
	if m.Inner != nil {
		if err := checkSizes(&p.room.attr, m.Inner, m.InnerPerCPUEntries, p.opts.PageSize); err != nil {
			return err
		}
	}
	if err := p.checkArena(m); err != nil {
		return err
	}
	if m.NumaNode != 0 && m.Flags&flagNumaNode == 0 {
		p.warn(Warning{Code: "numa_node_ignored", Map: m.Name, Section: m.Section, Offset: mapdef.At(m.Offset),
			Message: fmt.Sprintf("numa_node %d has no effect without BPF_F_NUMA_NODE in map_flags", m.NumaNode)})
	}
	for _, s := range m.Slots {
		if m.Type != uint32(ebpf.HashOfMaps) && s.Index >= m.MaxEntries {
			return &Error{Stage: StagePlan, Code: "slot_range", Section: m.Section, Symbol: m.Name, Offset: mapdef.At(s.Offset),
				Err: fmt.Errorf("slot %d is outside the map of %d entries", s.Index, m.MaxEntries)}
		}
	}
	return nil
}

// completeDef is R76, R78 and R142; it tells whether max_entries is left to the
// number of CPUs.
func (p *Plan) completeDef(d *MapDef) (perCPU bool) {
	if isRingBuffer(d.Type) {
		d.MaxEntries = roundRingBuffer(d.MaxEntries, p.opts.PageSize)
	}
	if typeless[ebpf.MapType(d.Type)] {
		d.KeyType, d.ValueType = 0, 0
	}
	return d.Type == uint32(ebpf.PerfEventArray) && d.MaxEntries == 0
}

func mapError(d *MapDef, code string, err error, hint string) *Error {
	e := &Error{Stage: StagePlan, Code: code, Section: d.Section, Symbol: d.Name, Err: err, Hint: hint}
	if !d.Internal {
		e.Offset = mapdef.At(d.Offset)
	}
	return e
}

// BTF is the object's BTF as the kernel will be given it (R30 to R37, L105), nil
// for none. Read only.
func (p *Plan) BTF() []byte { return p.btf }
