package elfload

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"

	"github.com/bpfload/bpfload/internal/mapdef"
	"github.com/bpfload/bpfload/internal/progs"
)

// CollectionSpec turns the object into cilium/ebpf's own blueprint, for users
// who stay with that library and hold objects that its reader refuses: legacy
// dialects, static or aliased maps, .bss.* sections.
//
// What that library cannot carry is lost: the order of creation, one BTF for
// all maps and programs, and optional maps and programs (they are left out). Programs
// that refer to kernel symbols, functions or configuration are an error.
func (o *Object) CollectionSpec() (*ebpf.CollectionSpec, error) {
	plan, err := o.Plan(Options{})
	if err != nil {
		return nil, err
	}
	c := specMaker{plan: plan, spec: &ebpf.CollectionSpec{
		Maps: make(map[string]*ebpf.MapSpec), Programs: make(map[string]*ebpf.ProgramSpec),
		Variables: make(map[string]*ebpf.VariableSpec), ByteOrder: o.file.Order}}
	if plan.btf != nil {
		if c.spec.Types, err = btf.LoadSpecFromReader(bytes.NewReader(plan.btf)); err != nil {
			return nil, &Error{Stage: StagePlan, Code: "btf", Section: ".BTF", Err: err}
		}
	}
	for i := range plan.Maps {
		if err := c.addMap(&plan.Maps[i]); err != nil {
			return nil, err
		}
	}
	for i := range plan.Programs {
		if err := c.addProgram(&plan.Programs[i]); err != nil {
			return nil, err
		}
	}
	c.attachStructOps()
	c.addVariables()
	return c.spec, nil
}

type specMaker struct {
	plan *Plan
	spec *ebpf.CollectionSpec
}

func (c *specMaker) typ(id uint32) btf.Type {
	if id == 0 || c.spec.Types == nil {
		return nil
	}
	t, err := c.spec.Types.TypeByID(btf.TypeID(id))
	if err != nil {
		return nil
	}
	return t
}

func (c *specMaker) mapSpec(d *MapDef) *ebpf.MapSpec {
	s := &ebpf.MapSpec{Name: d.Name, Type: ebpf.MapType(d.Type), KeySize: d.KeySize, ValueSize: d.ValueSize,
		MaxEntries: d.MaxEntries, Flags: d.Flags, MapExtra: d.Extra, Key: c.typ(d.KeyType), Value: c.typ(d.ValueType)}
	if d.Flags&flagNumaNode != 0 {
		s.NumaNode = d.NumaNode
	}
	if d.Pinning == mapdef.PinByName {
		s.Pinning = ebpf.PinByName
	}
	return s
}

func (c *specMaker) addMap(m *PlannedMap) error {
	if m.Optional && !m.Create {
		return nil
	}
	if err := noArenaData(m); err != nil {
		return err
	}
	s := c.mapSpec(&m.MapDef)
	switch {
	case m.StructOps != nil:
		c.structOps(m, s)
	case m.Inner != nil:
		s.InnerMap = c.mapSpec(m.Inner)
		s.InnerMap.Name = innerName(m.Name)
	case m.InnerMap != mapdef.NoMap:
		s.InnerMap = c.mapSpec(&c.plan.Maps[m.InnerMap].MapDef)
	}
	if m.Internal {
		contents := make([]byte, m.ValueSize)
		copy(contents, m.Contents)
		s.Contents = []ebpf.MapKV{{Key: uint32(0), Value: contents}}
		if m.Frozen {
			s.Flags |= flagRdonlyProg
		}
	}
	for _, slot := range m.Slots {
		name := ""
		if slot.Target.Kind == mapdef.TargetMap {
			name = c.plan.Maps[slot.Target.Index].Name
		} else if p := &c.plan.Programs[slot.Target.Index]; p.Load {
			name = p.Name
		} else {
			continue
		}
		s.Contents = append(s.Contents, ebpf.MapKV{Key: slot.Index, Value: name})
	}
	if _, twice := c.spec.Maps[m.Name]; twice {
		return mapError(&m.MapDef, "duplicate_map", errors.New("a CollectionSpec cannot hold two maps of one name"), "")
	}
	c.spec.Maps[m.Name] = s
	return nil
}

func (c *specMaker) addProgram(p *PlannedProgram) error {
	if !p.Load {
		return nil
	}
	if err := noExterns(p.code); err != nil {
		return err
	}
	insns, err := c.instructions(p)
	if err != nil {
		return &Error{Stage: StagePlan, Code: "instructions", Section: p.Section, Symbol: p.Name, Offset: mapdef.At(p.Offset), Err: err}
	}
	c.spec.Programs[p.Name] = &ebpf.ProgramSpec{Name: p.Name, Type: ebpf.ProgramType(p.Type), AttachType: ebpf.AttachType(p.AttachType),
		AttachTo: p.AttachTo, SectionName: p.Section, Instructions: insns, Flags: p.Flags, License: c.plan.Object.License,
		KernelVersion: c.plan.Object.Version, ByteOrder: c.plan.Object.file.Order}
	return nil
}

// instructions decodes the linked program and hangs on it what asm and btf know
// by metadata: map names, functions, source lines, CO-RE relocations.
func (c *specMaker) instructions(p *PlannedProgram) (asm.Instructions, error) {
	bo := c.plan.Object.file.Order
	insns, err := asm.AppendInstructions(nil, bytes.NewReader(p.code.Insns), bo, "linux")
	if err != nil {
		return nil, err
	}
	at := make(map[asm.RawInstructionOffset]int, len(insns)) // raw offset to index
	for it := insns.Iterate(); it.Next(); {
		at[it.Offset] = it.Index
	}
	insn := func(raw int) (*asm.Instruction, error) {
		i, ok := at[asm.RawInstructionOffset(raw)]
		if !ok {
			return nil, fmt.Errorf("nothing begins at instruction %d", raw)
		}
		return &insns[i], nil
	}
	for _, part := range p.code.Parts {
		in, err := insn(part.FirstInsn)
		if err != nil {
			return nil, err
		}
		*in = in.WithSymbol(part.Name)
	}
	for _, ref := range p.code.Maps {
		in, err := insn(ref.Insn)
		if err != nil {
			return nil, err
		}
		in.Src, in.Constant = asm.PseudoMapFD, 0
		if ref.Value {
			in.Src, in.Constant = asm.PseudoMapValue, int64(uint64(ref.Offset)<<32)
		}
		*in = in.WithReference(c.plan.Maps[ref.Map].Name)
	}
	return insns, c.metadata(p, insn)
}

func (c *specMaker) metadata(p *PlannedProgram, insn func(int) (*asm.Instruction, error)) error {
	types := c.spec.Types
	if types == nil {
		return nil
	}
	bo := c.plan.Object.file.Order
	funcs, err := btf.LoadFuncInfos(bytes.NewReader(p.code.FuncInfo), bo, uint32(len(p.code.FuncInfo)/progs.FuncInfoSize), types)
	if err != nil {
		return err
	}
	for _, f := range funcs {
		in, err := insn(int(f.Offset))
		if err != nil {
			return err
		}
		*in = btf.WithFuncMetadata(*in, f.Func)
	}
	lines, err := btf.LoadLineInfos(bytes.NewReader(p.code.LineInfo), bo, uint32(len(p.code.LineInfo)/progs.LineInfoSize), types)
	if err != nil {
		return err
	}
	for _, l := range lines {
		in, err := insn(int(l.Offset))
		if err != nil {
			return err
		}
		*in = in.WithSource(l.Line)
	}
	reloc, err := c.plan.Object.progs.NewRelocator()
	if err != nil {
		return err
	}
	for i, r := range reloc.Relocations(p.code) {
		if r == nil {
			continue
		}
		in, err := insn(p.code.Core[i].Insn)
		if err != nil {
			return err
		}
		*in = btf.WithCORERelocationMetadata(*in, r)
	}
	return nil
}

func (c *specMaker) addVariables() {
	for _, g := range c.plan.Object.Globals() {
		m := &c.plan.Maps[g.Map]
		value := make([]byte, g.Size)
		if b, ok := mapdef.Span(m.Contents, g.Offset, g.Size); ok {
			copy(value, b)
		}
		c.spec.Variables[g.Name] = &ebpf.VariableSpec{Name: g.Name, SectionName: m.Name, Offset: uint32(g.Offset), Value: value}
	}
}
